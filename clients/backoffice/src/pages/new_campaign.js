(function () {
  'use strict';

  class NewCampaignPage {
    constructor($routeParams, $location, artistService, campaignService, notices, Form, Creation) {
      Object.assign(this, { $location, notices });
      this.orgId = $routeParams.orgId;
      this.form = new Form({
        name: 'Name',
        description: 'Description',
        slug: 'Address',
        artistId: 'Artist',
      });
      this.data = { name: '', description: '', slug: '' };
      this.artist = null;
      this.creation = new Creation((id) => campaignService.createCampaign(this.request(id)));
      this.takeArtist($routeParams.artist, artistService);
    }

    // "Start a campaign" on an artist's page leads here with the artist.
    takeArtist(artistId, artistService) {
      if (artistId) {
        artistService.getArtist({ artistId }).then(
          (answer) => (this.artist = answer.artist),
          () => this.notices.say('The artist could not be found.'),
        );
      }
    }

    request(id) {
      return Object.assign({ orgId: this.orgId, id, artistId: this.artist ? this.artist.id : '' }, this.data);
    }

    submit() {
      const id = this.creation.id;
      this.form
        .submit(() => this.creation.run())
        .then((done) => {
          if (done) {
            this.notices.say('The campaign is created, as a draft.');
            this.$location.url('/home/campaign/' + id);
          }
        });
    }
  }
  NewCampaignPage.$inject = [
    '$routeParams',
    '$location',
    'artistService',
    'campaignService',
    'notices',
    'Form',
    'Creation',
  ];

  angular.module('bandstand').component('bsNewCampaignPage', {
    controller: NewCampaignPage,
    templateUrl: '/views/new_campaign.html',
  });
})();
