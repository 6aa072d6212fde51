// What Docker makes of a sandbox: a program that may ask the kernel for next to nothing, and ends without Docker's doing.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { sandboxOptions } from '../../src/agent/kubelet/runtime/docker/create-options.ts'
import { DockerRuntime } from '../../src/agent/kubelet/runtime/docker/docker-runtime.ts'
import { PAUSE_SECCOMP } from '../../src/agent/kubelet/runtime/docker/pause-seccomp.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { eventually } from '../support/eventually.ts'
import { docker, temporaryFolder } from './support/node.ts'

const IMAGE = 'flotilla-test/sandbox-engine:1'
const INSTANCE = 'sandbox-engine'
const folder = temporaryFolder()
let runtime: DockerRuntime
beforeAll(async () => {
  execFileSync('sh', ['-c', `tar -c -C /bin busybox | docker import - ${IMAGE}`])
  runtime = await DockerRuntime.connect({
    socketPath: '/var/run/docker.sock',
    instance: INSTANCE,
    clock: systemClock,
  })
})
afterAll(async () => {
  for (const { sandboxes } of await runtime.pods()) for (const { id } of sandboxes) await runtime.remove(id)
  docker('image', 'rm', IMAGE)
  folder.remove()
})

const specOf = (uid: string) => ({
  pod: { uid, name: 'one', namespace: 'default' },
  attempt: 0,
  hostname: 'one',
  hostNetwork: false,
  hostPID: false,
  hostIPC: false,
  shareProcessNamespace: false,
  sysctls: {},
})
const securityOf = (id: string) => docker('inspect', '-f', '{{json .HostConfig.SecurityOpt}}', id)
it('has the engine’s filter after the first sandbox with its own has not started', async () => {
  const options = { socketPath: '/var/run/docker.sock', instance: INSTANCE, clock: systemClock }
  const wary = await DockerRuntime.connect(options)
  const first = await wary.createSandbox(specOf('00000000-0000-4000-8000-0000000000a1'))
  expect(securityOf(first)).toContain('seccomp=')
  docker('rm', first)
  await expect(wary.start(first)).rejects.toThrow()
  const second = await wary.createSandbox(specOf('00000000-0000-4000-8000-0000000000a2'))
  expect(securityOf(second)).not.toContain('seccomp=')
  await wary.start(second)
})

let made = 0
async function started() {
  const id = await runtime.createSandbox(specOf(`00000000-0000-4000-8000-00000000000${++made}`))
  await runtime.start(id)
  return (await runtime.container(id))!
}
const exitOf = (id: string) => docker('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', id)

it('runs under a filter of its own, which ends no program but refuses what the pause program never asks for', async () => {
  const { id, pid } = await started()
  const options = JSON.parse(securityOf(id)) as string[]
  expect(options).toContain(`seccomp=${PAUSE_SECCOMP}`)
  expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^Seccomp:\t2$/m)
  const profile = join(folder.path, 'profile.json')
  writeFileSync(profile, PAUSE_SECCOMP)
  const under = ['--rm', '--network=none', '--security-opt=no-new-privileges', `--security-opt=seccomp=${profile}`]
  const said = (command: string) => docker('run', ...under, IMAGE, '/busybox', 'sh', '-c', `${command} 2>&1; echo $?`)
  expect(said('/busybox echo hello')).toBe('hello\n0')
  for (const command of ['mkdir /new', 'unshare -m true', 'chroot / /busybox true'])
    expect(said(`/busybox ${command}`)).toMatch(/Operation not permitted\n[1-9]\d*$/)
})

it('has the engine’s filter, or none, where the engine has no filters or another runtime starts it', () => {
  const engine = { pauseImage: 'p', instance: INSTANCE, hostNetwork: 'host', hasSeccomp: true }
  const optionsOf = (more: object, hasSeccomp: boolean) =>
    sandboxOptions({ ...specOf('u'), ...more }, { ...engine, hasSeccomp }).HostConfig?.SecurityOpt
  expect(optionsOf({}, true)).toEqual(['no-new-privileges', `seccomp=${PAUSE_SECCOMP}`])
  expect(optionsOf({}, false)).toEqual(['no-new-privileges'])
  expect(optionsOf({ handler: 'kata' }, true)).toEqual(['no-new-privileges'])
})

it('is over when it is killed, again and again, and when it is gone', async () => {
  const sandbox = await started()
  await runtime.kill(sandbox)
  expect(exitOf(sandbox.id)).toBe('exited 137')
  await runtime.kill(sandbox)
  await runtime.remove(sandbox.id)
  await runtime.kill(sandbox)
  expect(await runtime.container(sandbox.id)).toBeUndefined()
})

it('is killed by Docker where its process is not known, and nobody else’s process is', async () => {
  const bystander = await started()
  for (const pid of [0, 1, process.pid, bystander.pid]) {
    const { id } = await started()
    await runtime.kill({ id, pid })
    expect(exitOf(id)).toBe('exited 137')
  }
  expect(exitOf(bystander.id)).toBe('running 0')
})

it('is over though somebody has paused it', async () => {
  const sandbox = await started()
  docker('pause', sandbox.id)
  const killed = runtime.kill(sandbox)
  await eventually(() => exitOf(sandbox.id) === 'exited 137')
  await killed
})
