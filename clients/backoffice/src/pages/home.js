// Which organisation? With a single one there is nothing to ask.
(function () {
  'use strict';

  class HomePage {
    constructor($location, session) {
      this.memberships = session.memberships;
      if (this.memberships.length === 1) {
        $location.path('/home/org/' + this.memberships[0].orgId).replace();
      }
    }
  }
  HomePage.$inject = ['$location', 'session'];

  angular.module('bandstand').component('bsHomePage', {
    controller: HomePage,
    templateUrl: '/views/home.html',
  });
})();
