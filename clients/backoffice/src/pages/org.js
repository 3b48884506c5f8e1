(function () {
  'use strict';

  class OrgPage {
    constructor($routeParams, session, orgService, loading, pageTitle) {
      this.orgId = $routeParams.orgId;
      this.session = session;
      this.mayEdit = session.mayEdit(this.orgId);
      this.home = loading(() =>
        orgService.getOrgHome({ orgId: this.orgId }).then((home) => {
          pageTitle.set(home.org.name);
          this.campaignNames = {};
          home.campaigns.forEach((campaign) => (this.campaignNames[campaign.id] = campaign.name));
          return home;
        }));
      this.home.start();
    }
  }
  OrgPage.$inject = ['$routeParams', 'session', 'orgService', 'loading', 'pageTitle'];

  angular.module('bandstand').component('bsOrgPage', {
    controller: OrgPage,
    templateUrl: '/views/org.html',
  });
})();
