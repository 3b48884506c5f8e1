// Copies what the pages load of node_modules to vendor/, the folder that the server gives out.
'use strict';

const fs = require('fs');
const path = require('path');

const files = [
  'angular/angular.min.js',
  'angular/angular-csp.css',
  'angular-route/angular-route.min.js',
];
const vendor = path.join(__dirname, 'vendor');

fs.mkdirSync(vendor, { recursive: true });
for (const file of files) {
  let text = fs.readFileSync(path.join(__dirname, 'node_modules', file), 'utf8');
  // the maps are not copied, and a browser's tools would miss them
  text = text.replace(/^\/\/# sourceMappingURL=.*$/m, '');
  fs.writeFileSync(path.join(vendor, path.basename(file)), text);
}
