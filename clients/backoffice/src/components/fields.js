// <form bs-form="$ctrl.form"> around <input bs-field="venueName"> and <bs-error field="venueName">:
// ties what the server said of a field to its input, for eyes and for screen readers alike.
(function () {
  'use strict';

  const app = angular.module('bandstand');
  let forms_count = 0;

  app.constant('Form', self.backoffice.Form);
  app.constant('Creation', self.backoffice.Creation);

  class FormController {
    constructor($scope, $element, $attrs, $timeout) {
      this.number = ++forms_count;
      this.state = () => $scope.$eval($attrs.bsForm);
      $element.attr('novalidate', ''); // the server's words, not the browser's
      $scope.$watch(
        () => this.state().failures_count,
        (now, before) => {
          if (now !== before) {
            $timeout(() => this.focusFirst($element[0]));
          }
        },
      );
    }

    errorOf(field) {
      return this.state().fields[field];
    }

    errorId(field) {
      return `form${this.number}-${field}-error`;
    }

    focusFirst(element) {
      const wrong = element.querySelector('[aria-invalid="true"]');
      if (wrong) {
        wrong.focus();
      }
    }
  }
  FormController.$inject = ['$scope', '$element', '$attrs', '$timeout'];

  app.directive('bsForm', () => ({ controller: FormController }));

  app.directive('bsField', () => ({
    require: '^^bsForm',
    link(scope, element, attrs, form) {
      const described = attrs.ariaDescribedby || '';
      scope.$watch(
        () => form.errorOf(attrs.bsField) || '',
        (error) => {
          const id = error ? form.errorId(attrs.bsField) : '';
          element.attr('aria-invalid', error ? 'true' : 'false');
          element.attr('aria-describedby', `${id} ${described}`.trim() || null);
        },
      );
    },
  }));

  app.component('bsError', {
    bindings: { field: '@' },
    require: { form: '^^bsForm' },
    template:
      '<p class="field-error" ng-attr-id="{{$ctrl.form.errorId($ctrl.field)}}"' +
      ' ng-if="$ctrl.form.errorOf($ctrl.field)" ng-bind="$ctrl.form.errorOf($ctrl.field)"></p>',
  });

  // What belongs to no field of the form.
  app.component('bsFormMessage', {
    require: { form: '^^bsForm' },
    template:
      '<div role="alert"><p class="alert" ng-if="$ctrl.form.state().message"' +
      ' ng-bind="$ctrl.form.state().message"></p></div>',
  });
})();
