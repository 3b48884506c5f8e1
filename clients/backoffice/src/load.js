// What a page waits for: loading, there, or failed with words. <bs-load state="$ctrl.org"> shows the
// first and the last, and its content when the value is there.
(function () {
  'use strict';

  const app = angular.module('bandstand');

  app.factory('loading', () => {
    class Loading {
      constructor(ask) {
        this.ask = ask; // gives a promise
        this.asked_count = 0;
        this.value = null;
        this.error = null;
        this.busy = false;
      }

      // Keeps an older value on show meanwhile; of two answers only the one asked for last counts.
      start() {
        const turn = ++this.asked_count;
        this.busy = true;
        this.error = null;
        return this.ask().then(
          (value) => this.finish(turn, value, null),
          (error) => this.finish(turn, null, error),
        );
      }

      finish(turn, value, error) {
        if (turn === this.asked_count) {
          this.busy = false;
          this.value = value;
          this.error = error;
        }
      }

      clear() {
        this.asked_count++;
        this.busy = false;
        this.value = null;
        this.error = null;
      }

      get message() {
        return self.backoffice.messageOf(this.error);
      }

      get missing() {
        return this.error.status === 'NOT_FOUND' || this.error.status === 'INVALID_ARGUMENT';
      }
    }
    return (ask) => new Loading(ask);
  });

  app.component('bsLoad', {
    bindings: { state: '<', what: '@' },
    transclude: true,
    templateUrl: '/views/load.html',
  });
})();
