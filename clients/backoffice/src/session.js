// Who is signed in. The session itself is a cookie that scripts can't read; its companion XSRF-TOKEN
// can be read and tells whether asking the server is worth it.
(function () {
  'use strict';

  const editors = ['owner', 'admin', 'editor'];

  class Session {
    constructor($q, $document, authService) {
      this.$q = $q;
      this.cookies = () => $document[0].cookie;
      this.auth = authService;
      this.forget();
      this.asked = null; // the promise of the answer to "who am I"
    }

    forget() {
      this.user = null;
      this.memberships = [];
      this.asked = this.$q.resolve(this);
    }

    take(answer) {
      this.user = answer.user;
      this.memberships = answer.memberships;
      this.asked = this.$q.resolve(this);
      return this;
    }

    // Resolves to the session, with user null when nobody is signed in.
    restore() {
      if (!this.asked) {
        this.asked = /(^|; *)XSRF-TOKEN=./.test(this.cookies())
          ? this.auth.whoAmI().then((answer) => this.take(answer), (error) => this.unknown(error))
          : this.$q.resolve(this);
      }
      return this.asked;
    }

    unknown(error) {
      if (error.status === 'UNAUTHENTICATED') {
        this.forget();
        return this;
      }
      this.asked = null; // worth asking again
      return this.$q.reject(error);
    }

    signIn(email, password) {
      return this.auth.signIn({ email, password }).then((answer) => this.take(answer));
    }

    // Signed out here in any case when the server does not know the session any more.
    signOut() {
      return this.auth
        .signOut({})
        .catch((error) => (error.status === 'UNAUTHENTICATED' ? null : this.$q.reject(error)))
        .then(() => this.forget());
    }

    membership(orgId) {
      return this.memberships.find((membership) => membership.orgId === orgId);
    }

    // Whether to offer what the server allows to editors only; it checks again.
    mayEdit(orgId) {
      const membership = this.membership(orgId);
      return Boolean(membership) && membership.roles.some((role) => editors.includes(role));
    }
  }
  Session.$inject = ['$q', '$document', 'authService'];

  angular.module('bandstand').service('session', Session);
})();
