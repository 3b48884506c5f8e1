// An input that looks artists up while one types: a combobox with a list, as WAI-ARIA's pattern has it
// (focus stays in the input; arrows move through the list, Enter takes, Escape closes).
(function () {
  'use strict';

  let pickers_count = 0;

  class ArtistPicker {
    constructor($element, artistService, loading) {
      this.$element = $element;
      this.number = ++pickers_count;
      this.text = '';
      this.active_idx = -1;
      this.is_open = false;
      this.found = loading(() =>
        artistService.searchArtists({ query: this.text, limit: 8 }).then((answer) => answer.artists));
    }

    type() {
      this.active_idx = -1;
      this.is_open = Boolean(this.text);
      if (this.is_open) {
        this.found.start();
      } else {
        this.found.clear();
      }
    }

    optionId(index) {
      return index < 0 ? undefined : `picker${this.number}-option${index}`;
    }

    press(event) {
      const artists = (this.is_open && this.found.value) || [];
      const steps = { ArrowDown: 1, ArrowUp: -1 };
      if (event.key in steps && artists.length > 0) {
        const count = artists.length;
        this.active_idx = (Math.max(this.active_idx, -1 - steps[event.key]) + steps[event.key] + count) % count;
        event.preventDefault();
      } else if (event.key === 'Enter' && artists[this.active_idx]) {
        this.pick(artists[this.active_idx]);
        event.preventDefault();
      } else if (event.key === 'Escape') {
        this.is_open = false;
      }
    }

    pick(artist) {
      this.is_open = false;
      this.text = '';
      this.found.clear();
      this.onPick({ artist });
    }

    remove() {
      this.onPick({ artist: null });
    }

    close() {
      this.is_open = false;
    }
  }
  ArtistPicker.$inject = ['$element', 'artistService', 'loading'];

  angular.module('bandstand').component('bsArtistPicker', {
    bindings: { artist: '<', onPick: '&', inputId: '@' },
    controller: ArtistPicker,
    templateUrl: '/views/artist_picker.html',
  });
})();
