#!/usr/bin/env node
// Brings the runtime that the agent is sent with — Node for Linux, out of an npm package — into out/agent/runtime:
// `agent-runtime.mjs [x64] [arm64] [--best]`, default both. The package manager would skip a package for another system, so it
// is packed by name and checked against the hash below. Kept in .cache, so a build pays for it once.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import zlib from 'node:zlib'
import { root, say } from './lib/setup.mjs'

const VERSION = '24.21.0'
const INTEGRITY = {
  x64: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  arm64: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
}
/** Changes when what is made of a package does. */
const RECIPE = '1'
/** 13 seconds at 12; 19 takes minutes and saves a tenth: `--best`, for releases. */
const best = process.argv.includes('--best')
const ZSTD_LEVEL = best ? 19 : 12

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
const sha256 = data => createHash('sha256').update(data).digest('hex')

/** @returns the bytes of `bin/node` */
function fetchNode(arch, work) {
  // Without a network the build is not to wait for one: by itself npm tries for minutes.
  const patience = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=2000']
  const name = `node-linux-${arch}@${VERSION}`
  const packed = spawnSync(npm, ['pack', '--ignore-scripts', '--loglevel=error', ...patience, name], {
    cwd: work,
    encoding: 'utf8',
  })
  const archive = readdirSync(work).find(name => name.endsWith('.tgz'))
  if (packed.status !== 0 || !archive)
    throw new Error(`${name} cannot be had (${/^npm error (.+)/m.exec(packed.stderr ?? '')?.[1] ?? 'npm failed'})`)
  const integrity = `sha512-${createHash('sha512')
    .update(readFileSync(join(work, archive)))
    .digest('base64')}`
  if (integrity !== INTEGRITY[arch]) throw new Error(`${name} is not what it was: ${integrity}`)
  if (spawnSync('tar', ['-xzf', archive, 'package/bin/node', 'package/LICENSE'], { cwd: work }).status !== 0)
    throw new Error(`${archive} cannot be unpacked`)
  const node = join(work, 'package', 'bin', 'node')
  // Symbols of a Linux program of this machine's kind can be taken off: a sixth of its size.
  if (process.platform === 'linux' && process.arch === arch) spawnSync('strip', ['--strip-all', node])
  return node
}

/** Node 20 cannot write zstd: the runtime itself can, where it runs. @returns undefined where nothing can */
function zstd(file, node, arch, target) {
  const script = `
    const zlib = require('node:zlib'), fs = require('node:fs'), { constants: c } = zlib
    const params = { [c.ZSTD_c_compressionLevel]: ${ZSTD_LEVEL}, [c.ZSTD_c_windowLog]: 27, [c.ZSTD_c_checksumFlag]: 1 }
    fs.writeFileSync(process.argv[2], zlib.zstdCompressSync(fs.readFileSync(process.argv[1]), { params }))`
  const runs = process.platform === 'linux' && process.arch === arch
  for (const program of [...(zlib.zstdCompressSync ? [process.execPath] : []), ...(runs ? [node] : [])])
    if (spawnSync(program, ['-e', script, file, target], { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0)
      return true
  return spawnSync('zstd', [`-${ZSTD_LEVEL}`, '-q', '-f', file, '-o', target]).status === 0
}

function prepare(arch, folder) {
  const base = join(root, '.cache', 'agent-runtime')
  mkdirSync(base, { recursive: true })
  const work = mkdtempSync(join(base, 'work-'))
  try {
    const node = fetchNode(arch, work)
    const made = join(work, 'made')
    mkdirSync(made)
    const bytes = readFileSync(node)
    const archive = join(work, 'node.tar')
    const tar = ['-cf', archive, '--format=ustar', '-C', join(work, 'package', 'bin'), 'node']
    if (spawnSync('tar', tar).status !== 0) throw new Error('tar failed')
    writeFileSync(join(made, 'node.tar.gz'), zlib.gzipSync(readFileSync(archive), { level: best ? 9 : 6 }))
    if (!zstd(archive, node, arch, join(made, 'node.tar.zst'))) say(`no zstd here: the ${arch} runtime is sent as gzip`)
    copyFileSync(join(work, 'package', 'LICENSE'), join(made, 'LICENSE'))
    writeFileSync(
      join(made, 'runtime.json'),
      JSON.stringify({ version: VERSION, arch, sha256: sha256(bytes), bytes: bytes.length }),
    )
    rmSync(folder, { recursive: true, force: true })
    renameSync(made, folder)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

const wanted = process.argv.slice(2).filter(word => !word.startsWith('--'))
for (const arch of Object.keys(INTEGRITY).filter(name => wanted.length === 0 || wanted.includes(name))) {
  const folder = join(root, '.cache', 'agent-runtime', `${VERSION}-${arch}-${RECIPE}${best ? '-best' : ''}`)
  try {
    if (!existsSync(join(folder, 'runtime.json'))) {
      say(`preparing the agent's runtime for ${arch} (once)`)
      prepare(arch, folder)
    }
  } catch (error) {
    // Everything else of the program works without it.
    say(`hosts of ${arch} cannot be added with this build: ${error.message}`)
    if (best) process.exitCode = 1
    continue
  }
  const target = join(root, 'out', 'agent', 'runtime', arch)
  mkdirSync(target, { recursive: true })
  for (const name of readdirSync(folder)) copyFileSync(join(folder, name), join(target, name))
}
