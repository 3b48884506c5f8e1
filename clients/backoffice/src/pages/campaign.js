// A campaign with its concerts, and what can be done with it.
(function () {
  'use strict';

  class CampaignPage {
    constructor($routeParams, $document, session, campaignService, concertService, loading, notices, pageTitle, tools) {
      Object.assign(this, { session, notices, campaigns: campaignService, $document, pageTitle });
      const request = { campaignId: $routeParams.campaignId };
      this.campaign = loading(() =>
        campaignService.getCampaign(request).then((answer) => this.take(answer.campaign)));
      this.upcoming = loading(() =>
        concertService.listUpcomingConcerts(request).then((answer) => answer.concerts));
      this.past = loading(() =>
        concertService.listPastConcerts(request).then((answer) => answer.concerts));
      this.timeZone = self.backoffice.timeZoneName();
      this.freshId = null;
      this.publishing = new tools.Form({});
      this.adding = new tools.Form({ venueName: 'Venue', time: 'Date and time' });
      this.concert = { venueName: '', time: null };
      this.creation = new tools.Creation((id) => concertService.addConcertToCampaign(this.concertRequest(id)));
      this.load();
    }

    load() {
      this.campaign.start();
      this.upcoming.start();
      this.past.start();
    }

    take(campaign) {
      this.pageTitle.set(campaign.name);
      this.mayEdit = this.session.mayEdit(campaign.orgId);
      this.landingUrl = this.$document[0].location.origin + campaign.landingPath;
      return campaign;
    }

    get isDraft() {
      return this.campaign.value.status === 'CAMPAIGN_STATUS_DRAFT';
    }

    publish() {
      const campaignId = this.campaign.value.id;
      this.publishing
        .submit(() =>
          this.campaigns.publishCampaign({ campaignId }).then((answer) => {
            this.campaign.value = this.take(answer.campaign);
          }))
        .then((done) => done && this.notices.say('The campaign is live: its page is public now.'));
    }

    // An input that is not filled in completely has no value, and the server says so.
    concertRequest(id) {
      const time = this.concert.time;
      return {
        campaignId: this.campaign.value.id,
        id,
        venueName: this.concert.venueName,
        time: time ? time.toISOString() : undefined,
      };
    }

    addConcert() {
      const id = this.creation.id;
      this.adding
        .submit(() => this.creation.run())
        .then((done) => {
          if (done) {
            this.notices.say(`The concert at ${this.concert.venueName} is added.`);
            this.concert = { venueName: '', time: null };
            this.freshId = id;
            this.load();
          }
        });
    }
  }
  CampaignPage.$inject = [
    '$routeParams',
    '$document',
    'session',
    'campaignService',
    'concertService',
    'loading',
    'notices',
    'pageTitle',
    'campaignTools',
  ];

  angular
    .module('bandstand')
    .factory('campaignTools', ['Form', 'Creation', (Form, Creation) => ({ Form, Creation })])
    .component('bsCampaignPage', {
      controller: CampaignPage,
      templateUrl: '/views/campaign.html',
    });
})();
