// The public page of a campaign: asks for it, shows it, takes a fan's address. Nothing is stored in the
// browser, and requests carry no cookies, so that being signed in to the back office changes nothing.
(function () {
  'use strict';

  const { slugOf, tokenOf, dateWords, checkForm, errorsOf, messageOf } = self.landing;
  const { CampaignService, FanService, fetchTransport } = self.bandstand.v1;

  const transport = fetchTransport((url, options) =>
    fetch(url, Object.assign({}, options, { credentials: 'omit' })));
  const campaigns = new CampaignService(transport);
  const fans = new FanService(transport);
  const slug = slugOf(location.pathname);

  const at = (id) => document.getElementById(id);

  function show(id, is_shown) {
    at(id).hidden = !is_shown;
  }

  function setText(id, text) {
    at(id).textContent = text;
    show(id, Boolean(text));
  }

  function element(name, className, text) {
    const made = document.createElement(name);
    made.className = className;
    made.textContent = text;
    return made;
  }

  // Only one of the three is seen at a time.
  function showOnly(id) {
    for (const part of ['wait', 'oops', 'campaign', 'confirming']) {
      show(part, part === id);
    }
  }

  function fail(error) {
    const is_missing = error.status === 'NOT_FOUND' || error.status === 'INVALID_ARGUMENT';
    document.title = is_missing ? 'Not found' : 'That didn’t work';
    at('oops-title').textContent = is_missing ? 'There is no such page' : 'That didn’t work';
    at('oops-text').textContent = is_missing
      ? 'The campaign is not public, or its address was mistyped.'
      : messageOf(error);
    show('again', !is_missing);
    showOnly('oops');
  }

  function concertItem(concert) {
    const words = dateWords(concert.time, new Date());
    const item = element('li', 'concert', '');
    const date = element('time', 'date', '');
    date.dateTime = concert.time;
    date.setAttribute('aria-label', words.full);
    for (const part of ['day', 'month', 'year']) {
      date.append(element('span', part, words[part]));
    }
    const place = element('div', 'place', '');
    place.append(element('p', 'venue', concert.venueName), element('p', 'soft', words.weekdayTime));
    item.append(date, place);
    return item;
  }

  function render(campaign) {
    document.title = campaign.artist
      ? `${campaign.name} · ${campaign.artist.name}`
      : campaign.name;
    setText('artist', campaign.artist && campaign.artist.name !== campaign.name ? campaign.artist.name : '');
    setText('name', campaign.name);
    setText('description', campaign.description);
    at('org').textContent = campaign.orgName;
    at('concerts').replaceChildren(...campaign.concerts.map(concertItem));
    show('no-concerts', campaign.concerts.length === 0);
    showOnly('campaign');
  }

  function load() {
    showOnly('wait');
    campaigns.getPublicCampaign({ slug }).then((answer) => render(answer.campaign)).catch(fail);
  }

  const inputs = { name: 'name-input', email: 'email-input', consent: 'consent-input' };

  // Shows what is wrong beside each input, and goes to the first.
  function showErrors(errors) {
    let first = null;
    for (const field of Object.keys(inputs)) {
      const input = at(inputs[field]);
      setText(field + '-error', errors[field] || '');
      input.setAttribute('aria-invalid', errors[field] ? 'true' : 'false');
      first = first || (errors[field] ? input : null);
    }
    setText('form-error', errors.form || '');
    if (first) {
      first.focus();
    }
  }

  function busy(button, is_busy) {
    button.disabled = is_busy;
    button.setAttribute('aria-busy', String(is_busy));
  }

  function thank(answer) {
    show('subscribing', false);
    const title = element('h2', '', 'Check your mailbox');
    title.tabIndex = -1;
    const text = element('p', '', 'We have sent a mail to ');
    text.append(element('strong', '', answer.email));
    text.append('. Follow the link in it, and you are on the list.');
    at('subscribed').replaceChildren(element('p', 'tick', '✓'), title, text);
    title.focus();
  }

  function subscribe(event) {
    event.preventDefault();
    const form = at('subscribe');
    const values = {
      name: form.elements.name.value.trim(),
      email: form.elements.email.value.trim(),
      consent: form.elements.consent.checked,
    };
    const errors = checkForm(values);
    showErrors(errors);
    if (Object.keys(errors).length > 0) {
      return;
    }
    busy(at('submit'), true);
    fans
      .subscribe({ slug, email: values.email, name: values.name })
      .then(thank)
      .catch((error) => showErrors(errorsOf(error)))
      .finally(() => busy(at('submit'), false));
  }

  // By a click and not by opening the link: mail scanners open links too.
  function confirmWith(token) {
    busy(at('confirm'), true);
    fans
      .confirmSubscription({ token })
      .then((answer) => {
        at('confirming').replaceChildren(
          element('p', 'tick', '✓'),
          element('h1', '', 'You are on the list'),
          element('p', '', `News of ${answer.campaignName} will come by mail.`),
        );
        at('confirming').setAttribute('role', 'status');
      })
      .catch((error) => {
        setText('confirm-error', error.status === 'NOT_FOUND'
          ? 'This link is not good any more. Please subscribe again.'
          : messageOf(error));
        busy(at('confirm'), false);
      });
  }

  at('again').addEventListener('click', load);
  at('subscribe').addEventListener('submit', subscribe);
  const token = tokenOf(location.search);
  if (token) {
    // out of the address bar: a page that is passed on should not confirm for somebody else
    history.replaceState(null, '', location.pathname);
    document.title = 'Confirm your subscription';
    at('confirm').addEventListener('click', () => confirmWith(token));
    showOnly('confirming');
  } else {
    load();
  }
})();
