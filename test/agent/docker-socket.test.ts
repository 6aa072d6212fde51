// Which Docker is this user's, on each sort of machine.
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { dockerHost, dockerSocketPath } from '../../src/main/local-node/docker-socket.ts'
import { temporaryFolder } from './support/node.ts'

let home: ReturnType<typeof temporaryFolder>
beforeEach(() => {
  home = temporaryFolder()
})
afterEach(() => home.remove())

/** Writes a context as the Docker client does, and makes it the current one. */
function useContext(name: string, host: unknown): void {
  const folder = join(home.path, '.docker/contexts/meta', createHash('sha256').update(name).digest('hex'))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'meta.json'), JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }))
  writeFileSync(join(home.path, '.docker/config.json'), JSON.stringify({ currentContext: name }))
}
const found = (platform: NodeJS.Platform, env: NodeJS.ProcessEnv = {}) => dockerSocketPath(env, platform, home.path)

describe('the Docker of a user', () => {
  test('is what DOCKER_HOST names, on every machine', () => {
    useContext('desktop', 'unix:///desktop.sock')
    for (const platform of ['linux', 'darwin', 'win32'] as const) {
      expect(found(platform, { DOCKER_HOST: 'unix:///given.sock' })).toBe('/given.sock')
      expect(found(platform, { DOCKER_HOST: 'npipe:////./pipe/given' })).toBe('//./pipe/given')
    }
  })
  test('is the one of the current context on a Mac and on Windows', () => {
    useContext('desktop', 'unix:///desktop.sock')
    expect(found('darwin')).toBe('/desktop.sock')
    useContext('desktop-linux', 'npipe:////./pipe/dockerDesktopLinuxEngine')
    expect(found('win32')).toBe('//./pipe/dockerDesktopLinuxEngine')
  })
  test('is the context that DOCKER_CONTEXT names, not the current one', () => {
    useContext('one', 'unix:///one.sock')
    useContext('two', 'unix:///two.sock')
    expect(found('darwin', { DOCKER_CONTEXT: 'one' })).toBe('/one.sock')
  })
  test('is on Linux that of the machine, where there is one', () => {
    useContext('desktop-linux', 'unix:///desktop.sock')
    expect(found('linux')).toBe('/var/run/docker.sock')
  })
  test('is on a Mac that of Docker Desktop in the user’s own folder', () => {
    const socket = join(home.path, '.docker/run/docker.sock')
    mkdirSync(join(home.path, '.docker/run'), { recursive: true })
    writeFileSync(socket, '')
    expect(found('darwin')).toBe(socket)
  })
  test.each([
    ['is of another machine', 'tcp://10.0.0.1:2376'],
    ['is another machine’s by SSH', 'ssh://root@10.0.0.1'],
    ['names nothing', undefined],
    ['is no text', 7],
  ])('is the usual one where the context %s', (_what, host) => {
    useContext('elsewhere', host)
    expect(found('win32')).toBe('//./pipe/docker_engine')
  })
  test('is the usual one where the configuration cannot be read', () => {
    mkdirSync(join(home.path, '.docker'))
    writeFileSync(join(home.path, '.docker/config.json'), '{')
    expect(found('win32')).toBe('//./pipe/docker_engine')
  })
  test('is named to the Docker client with what it is', () => {
    expect(dockerHost('/run/docker.sock')).toBe('unix:///run/docker.sock')
    expect(dockerHost('//./pipe/docker_engine')).toBe('npipe:////./pipe/docker_engine')
  })
})
