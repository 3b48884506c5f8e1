(function () {
  'use strict';

  class LoginPage {
    constructor($location, session, Form) {
      Object.assign(this, { $location, session });
      this.form = new Form({ email: 'E-mail', password: 'Password' });
      this.email = '';
      this.password = '';
      this.is_lost = $location.search().lost === 'yes';
    }

    $onInit() {
      this.session.restore().then(() => this.session.user && this.go(), () => {});
    }

    submit() {
      this.form
        .submit(() => this.session.signIn(this.email, this.password))
        .then((done) => {
          this.password = done ? '' : this.password;
          return done && this.go();
        });
    }

    // Back to where the session was missing; only addresses of our own are taken.
    go() {
      const next = this.$location.search().next;
      this.$location.url(/^\/[^/]/.test(next) && !next.startsWith('/login') ? next : '/home').replace();
    }
  }
  LoginPage.$inject = ['$location', 'session', 'Form'];

  angular.module('bandstand').component('bsLoginPage', {
    controller: LoginPage,
    templateUrl: '/views/login.html',
  });
})();
