// A person at a browser: a window of their own (cookies, size), clicks and keys, and a memory of all
// that went wrong behind the page: errors on the console, scripts that threw, requests that failed.
'use strict';

const assert = require('assert');
const fs = require('fs');
const path = require('path');

const patience_ms = 10000;
const sizes = {
  desk: { width: 1280, height: 900 },
  phone: { width: 390, height: 844, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
};

class Visitor {
  static async arrive(browser, base, size) {
    const visitor = new Visitor();
    visitor.base = base;
    visitor.size = size;
    visitor.context = await browser.createBrowserContext();
    visitor.page = await visitor.context.newPage();
    visitor.page.setDefaultTimeout(patience_ms);
    await visitor.page.setViewport(sizes[size]);
    await visitor.page.emulateTimezone('Europe/Paris');
    visitor.watch();
    return visitor;
  }

  watch() {
    this.troubles = [];
    this.refusals = []; // answers of 400 and more
    this.posted = []; // bodies
    this.page.on('console', (message) => {
      // a refused request logs this line too; `refusals` has it with its status
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
        this.troubles.push(`console: ${message.text()}`);
      }
    });
    this.page.on('pageerror', (error) => this.troubles.push(`script: ${error.message}`));
    this.page.on('requestfailed', (request) =>
      this.troubles.push(`request: ${request.url()} ${request.failure().errorText}`));
    this.page.on('request', (request) => {
      if (request.method() === 'POST') {
        this.posted.push(JSON.parse(request.postData() || 'null'));
      }
    });
    this.page.on('response', (response) => {
      if (response.status() >= 400) {
        const request = response.request();
        this.refusals.push(
          `${request.method()} ${new URL(response.url()).pathname} ${response.status()}`);
      }
    });
  }

  // refusals: those that the scenario is about, as "POST /api/auth/login 401", in order.
  checkTroubles(refusals) {
    assert.deepStrictEqual(this.troubles, []);
    assert.deepStrictEqual(this.refusals, refusals || []);
  }

  async go(address) {
    await this.page.goto(this.base + address);
  }

  // Waits until the selector's text holds `text`.
  async see(selector, text) {
    try {
      await this.page.waitForFunction(
        (wanted, part) =>
          Array.from(document.querySelectorAll(wanted)).some(
            (element) => element.checkVisibility() && element.innerText.includes(part)),
        {},
        selector,
        text || '',
      );
    } catch (error) {
      const shown = await this.page.evaluate(() => document.body.innerText);
      throw new Error(`"${text || ''}" is not seen in ${selector}; the page at ${this.page.url()} says:\n${shown}`);
    }
  }

  async click(selector) {
    await this.page.waitForSelector(selector, { visible: true });
    await this.page.click(selector);
  }

  // Replaces what stands in the input.
  async fill(selector, text) {
    await this.click(selector);
    await this.page.$eval(selector, (input) => input.select && input.select());
    await this.page.keyboard.press('Delete');
    await this.page.keyboard.type(text);
  }

  async texts(selector) {
    return this.page.$$eval(selector, (elements) => elements.map((element) => element.innerText.trim()));
  }

  // The message tied to an input for eyes and for screen readers alike.
  async errorBeside(selector) {
    await this.page.waitForSelector(`${selector}[aria-invalid="true"]`);
    return this.page.$eval(selector, (input) =>
      input
        .getAttribute('aria-describedby')
        .split(' ')
        .map((id) => document.getElementById(id))
        .filter((element) => element && element.checkVisibility())
        .map((element) => element.innerText.trim())
        .join(' '));
  }

  focused() {
    return this.page.evaluate(() => document.activeElement.id || document.activeElement.tagName);
  }

  async signIn(email, password) {
    await this.fill('#email', email);
    await this.fill('#password', password);
    await this.page.keyboard.press('Enter');
  }

  // What holds for every page: nothing sticks out sideways, every input and button has a name, one h1.
  async checkPage() {
    const wrong = await this.page.evaluate(() => {
      const found = [];
      const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
      if (wide > 0) {
        found.push(`the page is ${wide} px wider than the window`);
      }
      const seen = (selector) =>
        Array.from(document.querySelectorAll(selector)).filter((element) => element.checkVisibility());
      for (const input of seen('input, textarea, select')) {
        if (!(input.labels && input.labels.length) && !input.getAttribute('aria-label')) {
          found.push(`no label: ${input.outerHTML.slice(0, 80)}`);
        }
      }
      for (const control of seen('button, a[href]')) {
        if (!control.innerText.trim() && !control.getAttribute('aria-label')) {
          found.push(`no name: ${control.outerHTML.slice(0, 80)}`);
        }
      }
      if (seen('h1').length !== 1) {
        found.push(`${seen('h1').length} headings of the first order`);
      }
      return found;
    });
    assert.deepStrictEqual(wrong, []);
  }

  async photograph(folder, name) {
    if (folder) {
      fs.mkdirSync(folder, { recursive: true });
      await this.page.screenshot({ path: path.join(folder, `${name}-${this.size}.png`), fullPage: true });
    }
  }

  leave() {
    return this.context.close();
  }
}

module.exports = { Visitor };
