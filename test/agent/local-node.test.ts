// Whether this machine can be a node, by what its Docker says.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { type RequestListener, createServer } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { planLocalNode } from '../../src/main/local-node/detect.ts'
import { docker, temporaryFolder } from './support/node.ts'

/** @returns the plan with a Docker that answers so @param pid what stands in the file of its process beside the socket */
async function planWith(answer: RequestListener, pid?: string) {
  const folder = temporaryFolder()
  if (pid !== undefined) writeFileSync(join(folder.path, 'docker.pid'), pid)
  const server = createServer(answer)
  const socket = join(folder.path, 'docker.sock')
  await new Promise<void>(resolve => server.listen(socket, resolve))
  try {
    return { socket, plan: await planLocalNode(socket) }
  } finally {
    server.close()
    folder.remove()
  }
}

describe('this machine', () => {
  test('is a node with its own Docker, and none of whatever sort without', async () => {
    expect(docker('info', '-f', '{{.SecurityOptions}}')).not.toContain('rootless')
    expect((await planLocalNode('/var/run/docker.sock')).run).not.toBe('not')
    expect(await planLocalNode('/nowhere/docker.sock')).toMatchObject({ run: 'not', why: expect.stringContaining('no /nowhere/docker.sock') as string }) // prettier-ignore
  })
  test.each([
    ['and its process is not known', undefined],
    ['and its process is another program', String(process.pid)],
    ['and its process has ended', '4194305'],
    ['and what is said of its process is nonsense', '../1'],
  ])('is none where Docker is rootless %s, and says what to do', async (_why, pid) => {
    const { plan, socket } = await planWith(
      (_request, response) =>
        response.end(JSON.stringify({ SecurityOptions: ['name=seccomp,profile=default', 'name=rootless'] })),
      pid,
    )
    expect(plan).toEqual({
      run: 'not',
      why: `the Docker on ${socket} is rootless, and lets no container be a node; use Docker with root's rights on this machine (DOCKER_HOST=unix:///var/run/docker.sock)`,
      otherwise: 'or add a node over SSH',
    })
  })
  test('is one by a container where Docker Desktop has Docker in a virtual machine', async () => {
    const { plan, socket } = await planWith((_request, response) =>
      response.end(JSON.stringify({ OperatingSystem: 'Docker Desktop', OSType: 'linux' })),
    )
    expect(plan).toEqual({ run: 'apart', dockerSocket: socket })
  })
  test('is none where Docker has containers of Windows', async () => {
    const { plan, socket } = await planWith((_request, response) =>
      response.end(JSON.stringify({ OperatingSystem: 'Docker Desktop', OSType: 'windows' })),
    )
    expect(plan).toEqual({
      run: 'not',
      why: `the Docker on ${socket} has containers of Windows; switch Docker Desktop to Linux containers`,
    })
  })
  test('is one for a process of root where Docker is in another network, and no place for local clusters', () => {
    const bundle = buildSync({
      stdin: {
        contents: `
          import { planLocalNode } from './src/main/local-node/detect.ts'
          import { connectLocal } from './src/main/local-cluster/manage.ts'
          const refusal = await connectLocal('/nowhere', () => undefined).catch(error => error.message)
          console.log(JSON.stringify({ plan: await planLocalNode(), refusal }))`,
        resolveDir: fileURLToPath(new URL('../..', import.meta.url)),
      },
      bundle: true, write: false, platform: 'node', format: 'esm', target: 'node20', packages: 'external',
    }) // prettier-ignore
    const args = ['--net', process.execPath, '--input-type=module', '-']
    const told = execFileSync('unshare', args, { input: bundle.outputFiles[0]!.text, encoding: 'utf8', cwd: fileURLToPath(new URL('../..', import.meta.url)) }) // prettier-ignore
    const why = expect.stringContaining('the Docker on /var/run/docker.sock has its network elsewhere: ') as string
    expect(JSON.parse(told)).toEqual({
      plan: { run: 'process', dockerSocket: '/var/run/docker.sock', elsewhere: why },
      refusal: why,
    })
  })
  test.each(['{"SecurityOptions":null}', '{"Options":null}', '{"Options":{}}', 'not JSON', '{}'])(
    'is one where Docker says %s',
    async body => {
      expect((await planWith((_request, response) => response.end(body))).plan.run).not.toBe('not')
    },
  )
})
