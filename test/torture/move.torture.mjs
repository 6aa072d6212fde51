// The control plane moves to a real server and back over SSH, and its connections are cut, or the command is killed, at
// moments that sweep over the whole move: never do both sides take a write, a rerun ends with exactly one that does, and
// nothing that was acknowledged is missing. ROUNDS=n for more moments, MINUTES=n for more time: when it is up, no further
// moment is tried, and a command that hangs is a failure.
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { loadLab } from '../bench/lab.mjs'
import { Server, root } from '../bench/lib.mjs'
import { assert, run, skip } from './lib.mjs'

const ROUNDS = Number(process.env['ROUNDS'] ?? 4)
const MOST_RERUNS = 8
const END_MS = Date.now() + Number(process.env['MINUTES'] ?? 20) * 60_000
/** A move waits 90 s for its server and as long for the nodes, and copies in a few seconds. */
const LONGEST_MOVE_MS = 300_000
const SLOWEST_ANSWER_MS = 20_000
if (process.getuid?.() !== 0) skip('lab hosts take root')
if (run('docker', 'version').status !== 0) skip('Docker does not answer')

const { HostLab } = await loadLab()
const lab = await HostLab.start()
let home
const acknowledged = new Set()

/** Runs `flotilla control-plane move`. @param cut called `afterMs` later with the process, unless it has ended */
function move(args, { cut, afterMs = 0 } = {}) {
  const started = performance.now()
  const argv = [join(root, 'out/main/cli.js'), 'control-plane', 'move', ...args, '--yes', '--accept-host-keys']
  const child = spawn(process.execPath, [...argv, '--data-dir', home.dataDir], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += chunk))
  const timer = cut && setTimeout(() => cut(child), afterMs)
  return new Promise((resolve, reject) => {
    const hangs = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`the command did not end within ${LONGEST_MOVE_MS / 1000} s: ${output}`))
    }, LONGEST_MOVE_MS)
    child.once('close', code => {
      clearTimeout(timer)
      clearTimeout(hangs)
      resolve({ code, output, ms: performance.now() - started })
    })
  })
}

let names = 0
/** @returns whether the API server there took a write */
function takesWrite(url) {
  const name = `written-${names++}`
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })
  const { ca, cert, key } = home.agent.options
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  const options = { method: 'POST', ca, cert, key, headers, servername: 'kubernetes.default.svc', agent: false }
  return new Promise(resolve => {
    const sent = request(`${url}/api/v1/namespaces/default/configmaps`, { ...options, timeout: SLOWEST_ANSWER_MS }, answer => {
      answer.resume()
      if (answer.statusCode === 201) acknowledged.add(name)
      answer.once('end', () => resolve(answer.statusCode === 201))
    }) // prettier-ignore
    sent.once('timeout', () => sent.destroy())
    sent.once('error', () => resolve(false))
    sent.end(body)
  })
}

async function writers(ends) {
  const taken = []
  for (const [name, url] of Object.entries(ends)) if (await takesWrite(url)) taken.push(name)
  assert(taken.length <= 1, `${taken.join(' and ')} both took a write`)
  return taken
}

/** Cut once, then run again until it has converged. */
async function converge(args, ends, goal, cut, afterMs) {
  const first = await move(args, { cut, afterMs })
  await writers(ends)
  let last = first
  for (let reruns = 0; last.code !== 0; reruns++) {
    assert(reruns < MOST_RERUNS, `it does not converge: ${last.output}`)
    // What was cut may be at work there for a moment still.
    await new Promise(resolve => setTimeout(resolve, 1_000))
    // Back home already, and nothing left there: the rerun of a way back has nothing to do.
    if (/has not moved away/.test(last.output)) break
    last = await move(args)
    await writers(ends)
  }
  for (const until = Date.now() + 60_000; ;) {
    const [writer] = await writers(ends)
    if (writer === goal) break
    assert(Date.now() < until, `${writer ?? 'nobody'} takes writes, not ${goal}: ${last.output}`)
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  return first
}

async function missing(url) {
  const before = home.url
  home.url = url
  const { text } = await home.call('GET', '/api/v1/namespaces/default/configmaps')
  home.url = before
  const there = new Set(JSON.parse(text).items.map(({ metadata }) => metadata.name))
  return [...acknowledged].filter(name => !there.has(name))
}

try {
  const server = await lab.host('server', { docker: false })
  const key = lab.key('key')
  server.authorize('root', key.publicKey)
  mkdirSync(join(lab.folder, '.ssh'), { mode: 0o700 })
  writeFileSync(join(lab.folder, '.ssh/config'), `IdentityFile ${key.path}\n`)
  Object.assign(process.env, { HOME: lab.folder, SSH_AUTH_SOCK: '' })
  home = await Server.start(['--no-local-node'])
  // The signpost and the server have names in their certificates that the addresses are not.
  home.agent.options.servername = 'kubernetes.default.svc'
  const ends = { home: home.url, server: `https://${server.ip}:6443` }
  const cuts = {
    'the connection is cut': () => server.cutSsh(),
    'the command is killed': child => child.kill('SIGKILL'),
  }
  const there = [`root@${server.ip}`]
  let [thereMs, backMs] = [0, 0]
  for (let round = 0; round <= ROUNDS; round++)
    for (const [what, cut] of Object.entries(cuts)) {
      if (round === 0 && cut !== cuts['the command is killed']) continue
      if (Date.now() > END_MS) {
        console.log(`the time is up before round ${round} of ${ROUNDS}: ${what}`)
        break
      }
      // The first round is whole: it tells how long the sweep is.
      const part = round === 0 ? 10 : round / (ROUNDS + 1)
      const gone = await converge(there, ends, 'server', cut, part * (thereMs || 60_000))
      const lost = await missing(ends.server)
      const back = await converge(['--back'], ends, 'home', cut, part * (backMs || 60_000))
      lost.push(...(await missing(ends.home)))
      assert(lost.length === 0, `lost: ${lost.join(', ')}`)
      const left = server.sh(
        'ls -d /opt/flotilla-server /var/lib/flotilla-server* /etc/flotilla-server 2>/dev/null || true',
      )
      assert(left === '', `left on the server: ${left}`)
      if (round === 0) [thereMs, backMs] = [gone.ms, back.ms]
      const at = round === 0 ? 'whole' : `${what} after ${Math.round(part * 100)} % of it`
      console.log(`there ${at} (${gone.code}) · back (${back.code}) · ${acknowledged.size} writes, none lost`)
    }
} finally {
  await home?.stop()
  await lab[Symbol.asyncDispose]()
}
