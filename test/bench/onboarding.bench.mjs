// From the command to a Ready node over SSH, on lab hosts: seconds and bytes, for a host with Docker and one without.
import { spawn } from 'node:child_process'
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadLab } from './lab.mjs'
import { Server, root } from './lib.mjs'

/** Runs `flotilla node …`. @returns seconds */
function flotilla(server, ...args) {
  const started = performance.now()
  const child = spawn(process.execPath, [join(root, 'out/main/cli.js'), 'node', ...args, '--data-dir', server.dataDir])
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += chunk))
  return new Promise((resolve, reject) =>
    child.once('close', code =>
      code === 0
        ? resolve((performance.now() - started) / 1000)
        : reject(new Error(`flotilla node ${args[0]}: ${output}`)),
    ),
  )
}

async function newestOperation(server, host) {
  const { text } = await server.call('GET', '/apis/flotilla.dev/v1/hostoperations')
  return JSON.parse(text)
    .items.filter(({ spec }) => spec.hostName === host)
    .sort((a, b) => a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp))
    .at(-1)
}

const stepSeconds = ({ status }) =>
  status.steps
    .filter(({ startTime, completionTime }) => startTime && completionTime)
    .map(
      ({ name, startTime, completionTime }) => `${name} ${(Date.parse(completionTime) - Date.parse(startTime)) / 1000}`,
    )
    .join(' · ')

/** Another agent by a comment at its end, and the server that sends it: only the bundle is new. */
async function upgrade(name) {
  const bundle = join(root, 'out/agent/agent.cjs')
  const before = readFileSync(bundle)
  const { dataDir } = server
  await server.stop({ reset: false })
  try {
    appendFileSync(bundle, '// another one\n')
    server = await Server.start(['--no-local-node'], dataDir)
    const seconds = await flotilla(server, 'upgrade', name, '--yes')
    const { bytesSent = 0 } = (await newestOperation(server, name)).status
    console.log(`  upgraded in ${seconds.toFixed(1)} s, ${(bytesSent / 1e6).toFixed(2)} MB sent (aim: 1 MB)`)
  } finally {
    writeFileSync(bundle, before)
  }
}

const { HostLab } = await loadLab()
const lab = await HostLab.start()
let server
try {
  const key = lab.key('bench')
  mkdirSync(join(lab.folder, '.ssh'), { mode: 0o700 })
  writeFileSync(join(lab.folder, '.ssh/config'), `IdentityFile ${key.path}\n`)
  process.env.HOME = lab.folder
  server = await Server.start(['--no-local-node'])
  for (const [name, docker, aim] of [
    ['with-docker', true, '8 s and 35 MB'],
    ['without-docker', false, 'none: packages are downloaded'],
  ]) {
    const host = await lab.host(name, { docker })
    host.authorize('root', key.publicKey)
    const seconds = await flotilla(server, 'add', `root@${host.ip}`, '--name', name, '--yes', '--accept-host-keys')
    const operation = await newestOperation(server, name)
    console.log(
      `${name}: ${seconds.toFixed(1)} s to Ready, ${(operation.status.bytesSent / 1e6).toFixed(1)} MB sent (aim: ${aim})`,
    )
    console.log(`  seconds by step: ${stepSeconds(operation)}`)
    const again = await flotilla(server, 'add', `root@${host.ip}`, '--name', name, '--yes')
    const { bytesSent = 0 } = (await newestOperation(server, name)).status
    console.log(`  again: ${again.toFixed(1)} s, ${bytesSent} bytes sent`)
    if (docker) await upgrade(name)
    console.log(`  removed in ${(await flotilla(server, 'remove', name, '--yes')).toFixed(1)} s`)
  }
  console.log('peers, as they publish it: k3sup "60 s" a node · k0sctl 2 min 2 s for two hosts')
} finally {
  await server?.stop()
  await lab[Symbol.asyncDispose]()
}
