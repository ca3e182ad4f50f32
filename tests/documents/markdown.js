// What the tests of the documents read of a Markdown file: its blocks of code, headings, links, and what stands
// between backticks. As GitHub shows them; not more of Markdown than these documents use.
'use strict';
const fs = require('fs');
const path = require('path');

const root = path.resolve(__dirname, '../..');

// Every document of the checkout, README.md first; not what was built or brought.
function documents(folder = '') {
  const all = [];
  for (const entry of fs.readdirSync(path.join(root, folder), { withFileTypes: true })) {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory() && !/^(\.|build|node_modules$|out$)/.test(entry.name)) all.push(...documents(name));
    else if (entry.isFile() && entry.name.endsWith('.md')) all.push(name);
  }
  return all.sort((a, b) => (b === 'README.md') - (a === 'README.md') || (a < b ? -1 : 1));
}

// {lines, blocks: [{line, words, text}], prose: [{line, text}], indented: [{line, text}]}; lines count from 1. A block is a
// fence with its info string's words; prose is all else, without what an indentation of four sets off.
function parse(text) {
  const doc = { blocks: [], prose: [], indented: [] };
  let fence = null;
  let list = false;
  let blank = true;
  text.split('\n').forEach((line, i) => {
    const open = line.match(/^( *)(```+)\s*(.*)$/);
    if (fence && open && open[2].length >= fence.mark.length && open[3] === '') {
      doc.blocks.push({ line: fence.line, words: fence.words, text: fence.text.join('\n') });
      fence = null;
    } else if (fence) {
      fence.text.push(line.startsWith(fence.indent) ? line.slice(fence.indent.length) : line.trimStart());
    } else if (open) {
      fence = { line: i + 1, indent: open[1], mark: open[2], words: open[3].split(/\s+/).filter(Boolean), text: [] };
    } else if (/^ {4}/.test(line) && !list && (blank || doc.indented.at(-1)?.line === i)) {
      doc.indented.push({ line: i + 1, text: line.slice(4) });
      return;
    } else {
      if (/^( *[-*]| *\d+\.) /.test(line)) list = true;
      else if (/^\S/.test(line)) list = false;
      doc.prose.push({ line: i + 1, text: line });
    }
    blank = line.trim() === '';
  });
  if (fence) throw new Error(`line ${fence.line}: this block has no end`);
  return doc;
}

function read(file) {
  return parse(fs.readFileSync(path.join(root, file), 'utf8'));
}

// The anchors of headings, as GitHub makes them.
function anchors(doc) {
  const seen = new Map();
  const all = new Set();
  for (const { text } of doc.prose) {
    const heading = text.match(/^#{1,6} +(.*?)( #+)?$/);
    if (heading) {
      const plain = heading[1].replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '');
      const slug = plain.trim().toLowerCase().replace(/[^\p{L}\p{N}_\- ]/gu, '').replace(/ /g, '-');
      const n = seen.get(slug) ?? 0;
      seen.set(slug, n + 1);
      all.add(n === 0 ? slug : `${slug}-${n}`);
    }
    for (const m of text.matchAll(/<a (?:id|name)="([^"]+)"/g)) all.add(m[1]);
  }
  return all;
}

const headings = (doc, level) => doc.prose.map((p) => p.text.match(/^(#+) +(.*)$/)).filter((m) => m && m[1].length === level).map((m) => m[2].replace(/`/g, ''));

// What stands between single backticks, one line each: {line, text}.
function inline(doc) {
  return doc.prose.flatMap(({ line, text }) => [...text.matchAll(/`([^`]+)`/g)].map((m) => ({ line, text: m[1] })));
}

// Links of the prose: {line, to}; the target of a link that goes on in the next line as well.
function links(doc) {
  return doc.prose.flatMap(({ line, text }) => [...text.replace(/`[^`]*`/g, '').matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g), ...text.matchAll(/^\[[^\]]+\]:\s+(\S+)/g)].map((m) => ({ line, to: m[1] })));
}

module.exports = { root, documents, parse, read, anchors, headings, inline, links };
