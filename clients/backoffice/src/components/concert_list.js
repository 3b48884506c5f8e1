(function () {
  'use strict';

  angular.module('bandstand').component('bsConcertList', {
    bindings: {
      concerts: '<',
      freshId: '<', // the one just added stands out
      campaignNames: '<', // by id, where concerts of several campaigns stand together
    },
    templateUrl: '/views/concert_list.html',
  });
})();
