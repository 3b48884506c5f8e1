// Around every page: the bar with the ways to go, the notices, and the care for focus and titles that
// a browser takes by itself when pages are documents.
(function () {
  'use strict';

  class Shell {
    constructor($rootScope, $location, $document, session, notices, arrival, Form) {
      Object.assign(this, { $location, $document, session, notices, arrival });
      this.form = new Form({});
      this.failure = '';
      this.is_first = true;
      $rootScope.$on('$routeChangeStart', () => (this.failure = ''));
      $rootScope.$on('$routeChangeSuccess', () => this.arrive());
      $rootScope.$on('$routeChangeError', (event, route, previous, error) => this.refuse(error));
    }

    arrive() {
      if (!this.is_first) {
        this.arrival.begin();
      }
      this.is_first = false;
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
  Shell.$inject = ['$rootScope', '$location', '$document', 'session', 'notices', 'arrival', 'Form'];

  // On another page the focus goes to its heading, so that screen readers tell of it; the heading may
  // come only with the page's data, and by then a person may have gone on.
  class Arrival {
    constructor($document, $timeout) {
      Object.assign(this, { document: $document[0], $timeout });
      this.is_pending = false;
    }

    begin() {
      this.is_pending = true;
      this.document.defaultView.scrollTo(0, 0);
      this.document.getElementById('main').focus();
    }

    reach(heading) {
      if (!this.is_pending) {
        return;
      }
      this.is_pending = false;
      this.$timeout(() => {
        const active = this.document.activeElement;
        if (active.id === 'main' || active === this.document.body) {
          heading.focus();
        }
      });
    }
  }
  Arrival.$inject = ['$document', '$timeout'];

  angular
    .module('bandstand')
    .service('arrival', Arrival)
    .directive('bsHeading', [
      'arrival',
      (arrival) => ({ link: (scope, element) => arrival.reach(element.attr('tabindex', -1)[0]) }),
    ])
    .component('bsShell', {
      controller: Shell,
      templateUrl: '/views/shell.html',
    });
})();
