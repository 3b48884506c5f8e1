// Around every page: the bar with the ways to go, the notices, and the care for focus and titles that
// a browser takes by itself when pages are documents.
(function () {
  'use strict';

  class Shell {
    constructor($rootScope, $location, $document, $timeout, session, notices, Form) {
      Object.assign(this, { $location, $document, $timeout, session, notices });
      this.form = new Form({});
      this.failure = '';
      this.is_first = true;
      $rootScope.$on('$routeChangeStart', () => (this.failure = ''));
      $rootScope.$on('$routeChangeSuccess', () => this.arrive());
      $rootScope.$on('$routeChangeError', (event, route, previous, error) => this.refuse(error));
    }

    // Readers of the screen hear of the new page because its heading gets the focus.
    arrive() {
      if (this.is_first) {
        this.is_first = false;
        return;
      }
      this.$timeout(() => {
        const main = this.$document[0].getElementById('main');
        (main.querySelector('h1') || main).focus();
        this.$document[0].defaultView.scrollTo(0, 0);
      });
    }

    refuse(error) {
      if (!error.redirected) {
        this.failure = self.backoffice.messageOf(error);
      }
    }

    skip(event) {
      event.preventDefault();
      this.$document[0].getElementById('main').focus();
    }

    isAt(path) {
      return this.$location.path().startsWith(path);
    }

    reload() {
      this.$document[0].location.reload();
    }

    signOut() {
      this.form.submit(() => this.session.signOut()).then((done) => {
        if (done) {
          this.$location.url('/login');
          this.notices.say('You are signed out.');
        } else {
          this.notices.say(this.form.message);
        }
      });
    }
  }
  Shell.$inject = ['$rootScope', '$location', '$document', '$timeout', 'session', 'notices', 'Form'];

  angular.module('bandstand').component('bsShell', {
    controller: Shell,
    templateUrl: '/views/shell.html',
  });
})();
