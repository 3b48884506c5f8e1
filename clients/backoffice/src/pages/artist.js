(function () {
  'use strict';

  class ArtistPage {
    constructor($routeParams, session, artistService, loading, pageTitle) {
      this.orgs = session.memberships.filter((membership) => session.mayEdit(membership.orgId));
      this.found = loading(() =>
        artistService.getArtist({ artistId: $routeParams.artistId }).then((answer) => {
          pageTitle.set(answer.artist.name);
          return answer;
        }));
      this.found.start();
    }
  }
  ArtistPage.$inject = ['$routeParams', 'session', 'artistService', 'loading', 'pageTitle'];

  angular.module('bandstand').component('bsArtistPage', {
    controller: ArtistPage,
    templateUrl: '/views/artist.html',
  });
})();
