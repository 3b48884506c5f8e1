(function () {
  'use strict';

  const words = self.backoffice;

  angular
    .module('bandstand')
    .filter('bsNumber', () => words.number)
    .filter('bsCount', () => words.count)
    .filter('bsWhen', () => words.when)
    .filter('bsYears', () => (artist) => words.years(artist.startYear, artist.endYear))
    .filter('bsReleased', () => (release) =>
      words.partialDate(release.year, release.month, release.day))
    .filter('bsLabels', () => (labels) => labels.map((label) => label.name).join(', '));
})();
