// What `bandstand serve --demo` has, as far as the scenarios speak of it (src/procedures/demo.edn).
'use strict';

module.exports = {
  email: 'owner@bandstand.example',
  password: 'bandstand',
  org: 'Bandstand Records',
  orgId: '55e481bf702d070300d32976',
  campaign: 'MA2X, the tour',
  campaignId: '570a1c30702d070300d30001',
  slug: 'ma2x',
  pastVenue: 'La Cigale, Paris',
  upcomingVenue: 'L\'Olympia, Paris',
  artist: 'The Beatles',
  artistWords: 'beatl',
  release: 'Yellow Submarine',
  label: 'Parlophone',
  draftSlug: 'ma2x-1',
};
