// Looking artists up. What is asked stands in the address, so that it can be kept, sent and gone back
// to; the form only changes the address.
(function () {
  'use strict';

  const names = ['query', 'country', 'fromYear', 'toYear'];
  const pause_ms = 300; // after the last key

  class ArtistsPage {
    constructor($scope, $location, $timeout, artistService, loading, Form) {
      Object.assign(this, { $location, $timeout });
      this.form = new Form({
        query: 'Name',
        country: 'Country',
        fromYear: 'First year',
        toYear: 'Last year',
      });
      this.found = loading(() => artistService.searchArtists(this.request()));
      $scope.$on('$routeUpdate', () => this.read());
      $scope.$on('$destroy', () => $timeout.cancel(this.timer));
      this.read();
    }

    read() {
      const asked = this.$location.search();
      this.asked = {};
      names.forEach((name) => (this.asked[name] = asked[name] || ''));
      this.hasAsked = names.some((name) => this.asked[name]);
      if (this.hasAsked) {
        this.search();
      } else {
        this.found.clear();
      }
    }

    // What is empty is left out: the server takes it for "any".
    request() {
      const request = { limit: 50 };
      names.forEach((name) => (request[name] = this.asked[name] || undefined));
      return request;
    }

    search() {
      this.form.busy = false;
      this.form.submit(() =>
        this.found.start().then(() => {
          if (this.found.error) {
            throw this.found.error;
          }
        }));
    }

    typed() {
      this.$timeout.cancel(this.timer);
      this.timer = this.$timeout(() => this.submit(), pause_ms);
    }

    // Each pause in typing is no step to go back to.
    submit() {
      this.$timeout.cancel(this.timer);
      const wanted = {};
      names.forEach((name) => (wanted[name] = this.asked[name] || null));
      const before = this.$location.url();
      this.$location.search(wanted).replace();
      if (this.$location.url() === before && this.hasAsked) {
        this.search();
      }
    }

    get hasFieldErrors() {
      return Object.keys(this.form.fields).length > 0;
    }
  }
  ArtistsPage.$inject = ['$scope', '$location', '$timeout', 'artistService', 'loading', 'Form'];

  angular.module('bandstand').component('bsArtistsPage', {
    controller: ArtistsPage,
    templateUrl: '/views/artists.html',
  });
})();
