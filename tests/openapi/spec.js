// The description as a thing to hold answers against: which statuses an operation may give, of
// which type, and of which shape.
'use strict';
const fs = require('fs');
const YAML = require('yaml');
const Ajv = require('ajv/dist/2020');
const formats = require('ajv-formats');

const METHODS = ['get', 'put', 'post', 'delete', 'patch'];

class Spec {
  constructor(file) {
    this.doc = YAML.parse(fs.readFileSync(file, 'utf8'));
    this.ajv = new Ajv({ strict: false, allErrors: false, validateFormats: true });
    formats(this.ajv);
    this.ajv.addSchema(this.doc, 'spec');
    this.checks = new Map();
    this.operations = [];
    for (const [path, item] of Object.entries(this.doc.paths))
      for (const method of METHODS)
        if (item[method])
          this.operations.push({
            path, method, id: item[method].operationId, op: item[method],
            parameters: [...(item.parameters ?? []), ...(item[method].parameters ?? [])].map((p) => this.at(p)),
            body: item[method].requestBody && this.at(item[method].requestBody),
          });
  }

  at(value) {
    while (value && value.$ref) value = value.$ref.slice(2).split('/').reduce((v, k) => v[k.replace(/~1/g, '/').replace(/~0/g, '~')], this.doc);
    return value;
  }

  validator(schema) {
    let check = this.checks.get(schema);
    if (!check) {
      // references are into the whole description
      const text = JSON.stringify(schema).replace(/"#\//g, '"spec#/');
      check = this.ajv.compile(JSON.parse(text));
      this.checks.set(schema, check);
    }
    return check;
  }

  // What is wrong with an answer; '' when nothing is.
  wrong(operation, answer) {
    const responses = operation.op.responses;
    const response = this.at(responses[answer.status] ?? responses.default ?? this.doc['x-everywhere'][answer.status]);
    if (!response) return `status ${answer.status} is not described`;
    if (answer.empty || answer.status === 304) return '';
    const type = (answer.type ?? '').split(';')[0].trim();
    if (!response.content) return answer.body.length ? `status ${answer.status} is described without a body` : '';
    const media = response.content[type] ?? response.content['*/*'];
    if (!media) return `status ${answer.status} is ${type || 'without a type'}, described: ${Object.keys(response.content)}`;
    if (!media.schema || !/json/.test(type)) return '';
    let value;
    try {
      value = JSON.parse(answer.body);
    } catch (e) {
      return `status ${answer.status}: no JSON: ${e.message}`;
    }
    const check = this.validator(media.schema);
    return check(value) ? '' : `status ${answer.status}: ${this.ajv.errorsText(check.errors)}`;
  }
}

module.exports = { Spec };
