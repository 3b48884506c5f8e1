// Addresses of the pages, and what happens on the way from one to the next.
(function () {
  'use strict';

  const app = angular.module('bandstand');

  const pages = {
    '/home': { component: 'bs-home-page', title: 'Home' },
    '/home/org/:orgId': { component: 'bs-org-page', title: 'Home' },
    '/home/org/:orgId/campaigns/new': { component: 'bs-new-campaign-page', title: 'New campaign' },
    '/home/campaign/:campaignId': { component: 'bs-campaign-page', title: 'Campaign' },
    '/artists': { component: 'bs-artists-page', title: 'Artists', reloadOnSearch: false },
    '/artists/:artistId': { component: 'bs-artist-page', title: 'Artist' },
  };

  // Keeps the address for after signing in.
  const signedIn = [
    'session',
    '$location',
    '$q',
    (session, $location, $q) => {
      const wanted = $location.url();
      return session.restore().then(() => {
        if (session.user) {
          return session;
        }
        $location.url('/login').search({ next: wanted === '/home' ? null : wanted });
        return $q.reject({ redirected: true });
      });
    },
  ];

  app.config([
    '$routeProvider',
    ($routeProvider) => {
      $routeProvider.when('/login', {
        template: '<bs-login-page></bs-login-page>',
        title: 'Sign in',
        reloadOnSearch: false,
      });
      for (const path of Object.keys(pages)) {
        const page = pages[path];
        $routeProvider.when(path, {
          template: `<${page.component}></${page.component}>`,
          title: page.title,
          reloadOnSearch: page.reloadOnSearch,
          resolve: { session: signedIn },
        });
      }
      $routeProvider.otherwise({ redirectTo: '/home' });
    },
  ]);

  app.run([
    '$rootScope',
    '$location',
    '$route',
    'session',
    'pageTitle',
    ($rootScope, $location, $route, session, pageTitle) => {
      $rootScope.$on('$routeChangeSuccess', (event, route) => pageTitle.set(route.title));
      $rootScope.$on('session-lost', () => {
        // the first question of all is answered by the route itself
        if (!session.user) {
          return;
        }
        const wanted = $location.url();
        session.forget();
        $location.url('/login').search({ next: wanted, lost: 'yes' });
      });
      // $route must live from the start: the first ng-view comes with the shell's template
      return $route;
    },
  ]);
})();
