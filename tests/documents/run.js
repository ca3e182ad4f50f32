// Runs what the documents say: the commands in their blocks, in order, each document in a folder and a HOME of its own.
//
//   node run.js [FILE...]     without files: every document
//
// What a block is, its first words tell; the rest of them is not shown by who renders the document:
//
//   ```sh                 is run, and ends with status 0 (```sh status=3: with that one). Lines in it are those of a
//                         shell that stays the same for the whole document: variables and folders last
//   ```sh stays           its one command stays, until the document ends: a server, or `bullfinch run`. The next block
//                         begins when it listens where it says, and of bullfinch's own when it is seen at work
//   ```console            "$ COMMAND" is run, and says what stands below it; "..." there stands for anything, in a
//                         line or as a line for any number of them
//   ```yaml NAME          becomes the file NAME (json, sql and so on likewise); a configuration without a name is given to
//                         `bullfinch config check`
//   ```sh root            is not run here: it needs root's rights and changes the machine. Likewise docker, network
//                         (a host that nothing here stands in for), program (one that the tests do not install), long (minutes, or more),
//                         tests (programs that are built for `make test` only) and terminal (a person types)
//
// What is not run is told with its reason, and looked at all the same: its commands of bullfinch's have to be ones, with
// options that there are; targets of make, files of the checkout, units and services of compose files likewise. So is what
// stands between backticks in the text. A command that is in no such block is a failure: nobody would run it.
//
// The folder looks like the checkout (links to what is in it), `bullfinch` is the program under test. What would leave this
// machine goes to a `bullfinch sim`, which is the exchange, X and Bluesky here, and ports that documents name are free ones
// instead. stages/NAME.sh, if there is one, is run before NAME.md's first block, by the same shell. What people type at a
// `cat >` is the next line of the file `typed`, which a stage may write.
'use strict';
const fs = require('fs');
const path = require('path');
const net = require('net');
const { spawn } = require('child_process');
const { root, documents, read, inline } = require('./markdown.js');
const { judge } = require('./commands.js');

const program = process.env.BULLFINCH;
const scratch = process.env.SCRATCH;
const REASONS = {
  root: "needs root's rights, and changes the machine",
  docker: 'needs docker and its images',
  network: 'needs a host that nothing here stands in for',
  long: 'takes minutes, or is what runs this',
  terminal: 'a person types, or looks on',
  tests: 'needs the tests to be built',
  program: 'needs a program that the tests do not install',
};
let failures = 0;
const tell = (name, why) => {
  if (why) failures++;
  console.log(why ? `not ok ${name}: ${why.replace(/\s+/g, ' ').trim().slice(0, 1200)}` : `ok ${name}`);
};

// Below those that the kernel gives to clients, any of which could have it a moment later.
function freePort() {
  return new Promise((resolve) => {
    const look = () => {
      const port = 20000 + Math.floor(12000 * Math.random());
      const s = net.createServer().on('error', look).listen(port, '127.0.0.1', () => s.close(() => resolve(port)));
    };
    look();
  });
}

// --- what stands in for hosts and ports ---------------------------------------------------------------

// 127.0.0.1:8080 and its like: another port for each, the same in the whole document.
async function portsOf(doc) {
  const ports = new Map();
  for (const b of doc.blocks)
    for (const m of b.text.matchAll(/(?:127\.0\.0\.1|localhost|\[::1\]):(\d{4,5})\b/g)) if (!ports.has(m[1])) ports.set(m[1], await freePort());
  return ports;
}

function stand_in(text, ports, world) {
  return text
    .replace(/((?:127\.0\.0\.1|localhost|\[::1\]):)(\d{4,5})\b/g, (all, host, port) => host + (ports.get(port) ?? port))
    .replace(/https:\/\/(data-api\.binance\.vision|testnet\.binance\.vision|api\.x\.com)\b/g, `http://${world}`)
    .replace(/--source jetstream\b/g, `--source jetstream --set source.url=ws://${world}`)
    .replace(/(\{kind: jetstream)/g, `$1, url: "ws://${world}"`)
    .replace(/^( +)kind: jetstream\b.*$/gm, `$&\n$1url: ws://${world}`);
}

// --- a script of a document ---------------------------------------------------------------------------

const quote = (s) => `'${s.replace(/'/g, `'\\''`)}'`;

const HEAD = `set -eE -o pipefail
curl() { # a refusal is a failure; a token that was just made is known to a running program soon
    local n=0 status said=$FOLDER/../curl.said
    case " $* " in *" -N "*) command curl -sS --fail-with-body "$@"; return ;; esac
    while :; do
        status=0
        command curl -sS --fail-with-body --max-time 60 "$@" >"$said" 2>"$said.err" || status=$?
        { [ $status = 22 ] && grep -q '"status":401' "$said" && [ $n -lt 120 ]; } || break
        n=$((n + 1)); sleep 0.25
    done
    cat "$said"
    cat "$said.err" >&2
    return $status
}
shopt -s expand_aliases
make() { command make --no-print-directory -C "$CHECKOUT" "$@"; }
began() { echo "$1" >"$FOLDER/../at"; exec </dev/null; }
typed() { head -n 1 "$FOLDER/../typed" >"$FOLDER/../now"; sed -i 1d "$FOLDER/../typed"; exec <"$FOLDER/../now"; }
listens() { (: </dev/tcp/127.0.0.1/"$1") 2>/dev/null; }
until_so() { # WHAT COMMAND...: looks again until it is so
    local what=$1 n=0; shift
    until "$@"; do n=$((n + 1)); [ $n -lt 1200 ] || { echo "not so within five minutes: $what" >&2; return 1; }; sleep 0.25; done
}
stays() { # NUMBER PORT WORDS ROLE OPTION...: until what was just begun listens there, has said those words, and is seen at work
    local pid=$! out=$FOLDER/../$1.out port=$2 words=$3 role=$4
    shift 4
    at_work() { [ -z "$role" ] || command bullfinch workers --role "$role" "$@" 2>/dev/null | grep -q ' well '; }
    ready() { ! kill -0 $pid 2>/dev/null || { { [ -z "$port" ] || listens "$port"; } && grep -q "$words" "$out" && at_work "$@"; }; }
    until_so "it stays and listens" ready "$@"
    kill -0 $pid 2>/dev/null || { echo "it did not stay" >&2; return 1; }
}
`;

// Where a command that stays listens: the last port that it names with "listen", or that the words before it did.
const portOf = (text) => [...text.matchAll(/listen[= ]+(?:127\.0\.0\.1|localhost|\[::1\]):(\d+)/g)].at(-1)?.[1] ?? '';

// "$ COMMAND" with what it says: [{command, want}]
function asked(text) {
  const all = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('$ ')) all.push({ command: [line.slice(2)], want: [] });
    else if (all.length && all.at(-1).want.length === 0 && all.at(-1).command.at(-1).endsWith('\\')) all.at(-1).command.push(line);
    else if (all.length) all.at(-1).want.push(line);
  }
  return all.map((a) => ({ command: a.command.join('\n'), want: a.want.join('\n').trimEnd() }));
}

function shell(doc, at, ports, world) {
  const script = [];
  const stays = (n, line, text) => {
    const role = text.match(/^bullfinch (run|serve|ingest|analyze|trade)\b/)?.[1] ?? '';
    const where = [...text.matchAll(/--(?:set store\.url=|config )\S+/g)].map((m) => m[0]).join(' ');
    // what its output begins with: an exchange says its address, make demo that the dashboard is there
    const words = text.startsWith('make ') ? ' ev=api ' : '';
    script.push(`began ${line}`, `${text.trim()} >"$FOLDER/../${n}.out" 2>&1 &\nstays ${n} '${portOf(text)}' '${words}' '${role}' ${where}`);
  };
  doc.blocks.forEach((b, n) => {
    const [kind, ...marks] = b.words;
    const text = stand_in(b.text, ports, world);
    if (kind === 'sh' && marks.includes('stays')) {
      stays(n, b.line, text);
    } else if (kind === 'sh' && !marks.some((m) => REASONS[m])) {
      const status = marks.map((m) => m.match(/^status=(\d+)$/)).find(Boolean)?.[1];
      script.push(`began ${b.line}`);
      if (/\bcat >/.test(text)) script.push('typed');
      const run = `{\n${text}\n} >"$FOLDER/../${n}.out" 2>"$FOLDER/../${n}.err"`;
      script.push(status ? `status=0; (set +e; ${run}) || status=$?; [ $status = ${status} ] || { echo "status $status, not ${status}" >&2; false; }` : run);
    } else if (kind === 'console' && !marks.some((m) => REASONS[m])) {
      asked(text).forEach((a, i) => script.push(`began ${b.line}`, `{\n${a.command}\n} >"$FOLDER/../${n}.${i}.out" 2>&1`));
    } else if (marks.length === 1 && /^[\w./-]+\.\w+$/.test(marks[0])) {
      const name = path.join(at, 'folder', marks[0]);
      script.push(`began ${b.line}`, `mkdir -p ${quote(path.dirname(name))}\nprintf '%s\\n' ${quote(text)} >${quote(name)}`);
    } else if (kind === 'yaml' && marks.length === 0 && /^(source|sources|venue|trading|judge|store|api|x|queue|market|paper|reader|retention|model|log|bluesky|metrics|run|notify|telegram|discord|slack|webhook|mail):/m.test(text)) {
      script.push(`began ${b.line}`, `printf '%s\\n' ${quote(text)} >"$FOLDER/../${n}.yaml"; bullfinch config check --config "$FOLDER/../${n}.yaml" >"$FOLDER/../${n}.out" 2>&1`);
    }
  });
  return script.join('\n') + '\n';
}

// --- running it ---------------------------------------------------------------------------------------

function folderOf(at) {
  const folder = path.join(at, 'folder');
  fs.rmSync(at, { recursive: true, force: true });
  fs.mkdirSync(path.join(at, 'bin'), { recursive: true });
  fs.mkdirSync(path.join(at, 'home'));
  fs.mkdirSync(folder);
  fs.symlinkSync(program, path.join(at, 'bin', 'bullfinch'));
  for (const name of ['demo', 'deploy', 'docs', 'models', 'scripts', 'sql', 'src', 'tests', 'web', 'bench', 'README.md', 'Makefile'])
    fs.symlinkSync(path.join(root, name), path.join(folder, name));
  fs.symlinkSync(path.dirname(program), path.join(folder, 'build'));
  fs.writeFileSync(path.join(at, 'typed'), '');
  return folder;
}

function environment(at, folder, ports, world) {
  const env = { PATH: `${at}/bin:${process.env.PATH}`, HOME: `${at}/home`, LC_ALL: 'C.UTF-8', TZ: 'UTC', TERM: 'dumb', CHECKOUT: root, FOLDER: folder, WORLD: world };
  Object.assign(env, {
    BULLFINCH_X__URL: `http://${world}`,
    BULLFINCH_BLUESKY__RESOLVER_URL: `http://${world}`,
    BULLFINCH_MARKET__PUBLIC_STREAM_URL: `ws://${world}`,
    BULLFINCH_MARKET__PUBLIC_REST_URL: `http://${world}`,
    BULLFINCH_VENUE__REST_URL: `http://${world}`,
    BULLFINCH_VENUE__WS_API_URL: `ws://${world}/ws-api/v3`,
    BULLFINCH_VENUE__STREAM_URL: `ws://${world}`,
  });
  for (const [shown, port] of ports) env[`PORT_${shown}`] = String(port);
  return env;
}

// Ends what the shell began, by its group.
function endGroup(child) {
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    try {
      process.kill(-child.pid, signal);
    } catch {
      return;
    }
    if (signal === 'SIGTERM') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700);
  }
}

function run(script, at, folder, env) {
  return new Promise((resolve) => {
    fs.writeFileSync(path.join(at, 'script.sh'), script);
    const log = fs.openSync(path.join(at, 'log'), 'w');
    const child = spawn('bash', [path.join(at, 'script.sh')], { cwd: folder, env, detached: true, stdio: ['ignore', log, log] });
    const patience = setTimeout(() => endGroup(child), 540000);
    child.on('close', () => {});
    child.on('exit', (status) => {
      clearTimeout(patience);
      endGroup(child);
      resolve(status);
    });
  });
}

// Does what was said fit what is shown?
function fits(said, want) {
  const lines = said.trimEnd().split('\n').map((l) => l.trimEnd());
  const pattern = want.split('\n').map((l) => l.trimEnd());
  const one = (l, p) => new RegExp(`^${p.split('...').map((s) => s.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`, 'u').test(l);
  const match = (i, j) => {
    if (j === pattern.length) return i === lines.length;
    if (pattern[j].trim() === '...') {
      for (let k = i; k <= lines.length; k++) if (match(k, j + 1)) return true;
      return false;
    }
    return i < lines.length && one(lines[i], pattern[j]) && match(i + 1, j + 1);
  };
  return match(0, 0);
}

const tail = (file) => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trimEnd().split('\n').slice(-6).join(' | ') : '');

function results(file, doc, at, status, ports, world) {
  const line = fs.existsSync(path.join(at, 'at')) ? Number(fs.readFileSync(path.join(at, 'at'), 'utf8')) : 0;
  doc.blocks.forEach((b, n) => {
    const [kind, ...marks] = b.words;
    if (!['sh', 'console'].includes(kind)) return;
    const name = `${file}:${b.line} ${b.text.split('\n')[0].slice(0, 60)}`;
    const reason = marks.find((m) => REASONS[m]);
    if (reason) {
      console.log(`not run: ${file}:${b.line}: ${REASONS[reason]}`);
      notRun++;
      return;
    }
    if (status !== 0 && b.line > line) return tell(name, `line ${line} failed before`);
    if (status !== 0 && b.line === line) {
      const said = fs.readdirSync(at).filter((f) => f.startsWith(`${n}.`)).map((f) => tail(path.join(at, f))).join(' | ');
      return tell(name, `status ${status}: ${said} ${tail(path.join(at, 'log'))}`);
    }
    if (kind !== 'console') return tell(name, null);
    asked(stand_in(b.text, ports, world)).forEach((a, i) => {
      const said = fs.readFileSync(path.join(at, `${n}.${i}.out`), 'utf8');
      tell(`${file}:${b.line} ${a.command.slice(0, 60)}`, a.want === '' || fits(said, a.want) ? null : `it said: ${said.slice(0, 600)} -- shown is: ${a.want.slice(0, 600)}`);
    });
  });
  if (status !== 0 && !doc.blocks.some((b) => b.line === line && ['sh', 'console'].includes(b.words[0]))) tell(`${file}:${line}`, `status ${status}: ${tail(path.join(at, 'log'))} ${tail(path.join(at, `${doc.blocks.findIndex((b) => b.line === line)}.out`))}`);
}

// --- what is not run is looked at ----------------------------------------------------------------------

const COMMAND = /^(?:\$ )?(?:sudo |[A-Z_]+=\S+ )*(?:bullfinch [a-z]|make|curl|docker|scripts\/|build\/|systemctl|journalctl|redis-cli|psql|sqlite3|apt(-get)?|git|npm|meson|ninja|promtool|amtool)\b/;

function look(file, doc) {
  const bad = [];
  const all = [];
  const lines = (b) => b.text.replace(/\\\n\s*/g, '').split('\n').map((text, i) => ({ line: b.line + 1 + i, text }));
  for (const b of doc.blocks) {
    if (b.words[0] === 'sh') all.push(...lines(b));
    else if (b.words[0] === 'console') all.push(...asked(b.text).map((a) => ({ line: b.line, text: a.command.replace(/\\\n\s*/g, '') })));
    else bad.push(...lines(b).filter((l) => COMMAND.test(l.text) && !b.words[1]).map((l) => `line ${l.line}: "${l.text}" is in no block that is run (\`\`\`sh)`));
  }
  bad.push(...doc.indented.filter((l) => COMMAND.test(l.text)).map((l) => `line ${l.line}: "${l.text}" is in no block that is run (\`\`\`sh)`));
  for (const { line, text } of [...all, ...inline(doc)]) {
    const why = judge(text.replace(/\s+#.*$/, '').trim());
    if (why) bad.push(`line ${line}: ${why}`);
  }
  tell(`${file}: commands, options, targets and files that it names are there`, bad.join('; '));
}

// --- all of it -----------------------------------------------------------------------------------------

let notRun = 0;

async function theWorld() {
  const child = spawn(program, ['sim', '--listen', '127.0.0.1:0', '--posts', 'demo/posts.jsonl', '--posts-speed', '60', '--account', 'KEY:SECRET:USDT=10000'], { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] });
  const said = await new Promise((resolve) => child.stdout.once('data', (d) => resolve(String(d))));
  return { child, host: said.match(/listening on http:\/\/(\S+)/)[1] };
}

async function one(file, world) {
  const doc = read(file);
  const name = file.replace(/\.md$/, '').replace(/\//g, '-');
  const at = path.join(scratch, name);
  const stage = path.join(__dirname, 'stages', `${name}.sh`);
  look(file, doc);
  const folder = folderOf(at);
  const ports = await portsOf(doc);
  const script = shell(doc, at, ports, world);
  if (script.trim() === '') return results(file, doc, at, 0, ports, world);
  const before = fs.existsSync(stage) ? `began 0\n. ${quote(stage)}\n` : '';
  const status = await run(HEAD + before + script, at, folder, environment(at, folder, ports, world));
  results(file, doc, at, status, ports, world);
}

async function main() {
  const given = process.argv.slice(2);
  const world = await theWorld();
  process.on('exit', () => world.child.kill());
  for (const file of given.length ? given : documents().filter((f) => !/^CHANGELOG/.test(f))) await one(file, world.host);
  console.log(`${notRun} blocks were not run`);
  process.exit(failures === 0 ? 0 : 1);
}
main();
