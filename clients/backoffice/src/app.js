// The module of the back office and what holds for all of it. Requests go through the generated client
// (module bandstand.v1), which speaks to /api with the session's cookie; $http echoes the cookie
// XSRF-TOKEN by itself.
(function () {
  'use strict';

  const app = angular.module('bandstand', ['ngRoute', 'bandstand.v1']);

  // Addresses of the first back office keep working: #/home/org/55e4..., without "!".
  app.config([
    '$locationProvider',
    ($locationProvider) => $locationProvider.hashPrefix(''),
  ]);

  app.config([
    '$compileProvider',
    ($compileProvider) => $compileProvider.debugInfoEnabled(false),
  ]);

  // A call that is refused for want of a session leads to the sign-in page, from wherever it was made;
  // signing in itself is refused in the same way for a wrong password, and shows that in its form.
  app.config([
    '$httpProvider',
    ($httpProvider) => {
      $httpProvider.interceptors.push([
        '$q',
        '$rootScope',
        ($q, $rootScope) => ({
          responseError(answer) {
            if (answer.status === 401 && !answer.config.url.endsWith('/api/auth/login')) {
              $rootScope.$broadcast('session-lost');
            }
            return $q.reject(answer);
          },
        }),
      ]);
    },
  ]);

  // Short messages after something was done, seen at the foot of the page and read out.
  app.factory('notices', [
    '$timeout',
    ($timeout) => {
      const shown_ms = 6000;
      let timer = null;
      const notices = {
        text: '',
        say(text) {
          $timeout.cancel(timer);
          notices.text = text;
          timer = $timeout(notices.dismiss, shown_ms);
        },
        dismiss() {
          notices.text = '';
        },
      };
      return notices;
    },
  ]);

  app.factory('pageTitle', [
    '$document',
    ($document) => ({
      set(text) {
        $document[0].title = text ? text + ' · Bandstand' : 'Bandstand';
      },
    }),
  ]);
})();
