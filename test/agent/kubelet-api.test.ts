import { type IncomingMessage, request as plainRequest } from 'node:http'
import { request } from 'node:https'
import type { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { SessionStreams } from '../../src/agent/api/streams/contract.ts'
import { runSession } from '../../src/agent/api/streams/run.ts'
import { HeaderEncoder } from '../../src/agent/api/streams/spdy-headers.ts'
import { DockerRuntime } from '../../src/agent/kubelet/runtime/docker/docker-runtime.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-ports.ts'
import { docker } from './support/node.ts'
import { TestNode, statusOf } from './support/test-node.ts'

let node: TestNode
beforeAll(async () => {
  node = await TestNode.start()
  await node.run('box', {
    containers: [
      {
        ...node.container(
          'echo one; echo two; echo err >&2; mkdir -p /tmp/w; echo hi > /tmp/w/index.html; httpd -p 127.0.0.1:8081 -h /tmp/w; exec httpd -f -p 8080 -h /tmp/w',
        ),
        resources: { limits: { cpu: '500m', memory: '64Mi' } },
      },
      {
        ...node.container('while read line; do [ "$line" != slow ] || sleep 1; echo "got $line"; done', 'reader'),
        stdin: true,
      },
    ],
  })
  await node.ready('box')
})
afterAll(() => node?.[Symbol.asyncDispose]())

const get = async (path: string) => {
  const response = await fetch(node.kubeletUrl + path, { headers: { Connection: 'close' } })
  return { status: response.status, text: await response.text() }
}

/** What came on each channel, as text, when the server closed the session. */
async function session(
  path: string,
  protocol: string | undefined,
  onOpen: (socket: WebSocket) => void = () => undefined,
) {
  const socket = new WebSocket(node.kubeletUrl.replace('http', 'ws') + path, protocol)
  const channels = new Map<number, string>()
  socket.on('message', (data: Buffer) => {
    channels.set(data[0]!, (channels.get(data[0]!) ?? '') + data.subarray(1).toString())
  })
  await new Promise<void>((resolve, reject) => socket.once('open', () => resolve()).once('error', reject))
  onOpen(socket)
  await new Promise<void>(resolve => socket.once('close', () => resolve()))
  return channels
}
const frame = (channel: number, text: string) => Buffer.concat([Buffer.from([channel]), Buffer.from(text)])
const query = (flags: string, ...command: string[]) =>
  `${flags}&${command.map(word => `command=${encodeURIComponent(word)}`).join('&')}`

describe('container logs', () => {
  const path = '/containerLogs/default/box/main'
  it('come whole, both streams', async () => {
    const { text } = await get(path)
    expect(text.split('\n').filter(Boolean).toSorted()).toEqual(['err', 'one', 'two'])
  })
  it('honour tailLines, limitBytes and timestamps', async () => {
    expect((await get(`${path}?tailLines=1`)).text.split('\n').filter(Boolean)).toHaveLength(1)
    expect((await get(`${path}?limitBytes=2`)).text).toHaveLength(2)
    expect((await get(`${path}?timestamps=true`)).text).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z /)
  })
  it('answer 404 for a pod that is not here and 400 for a previous container that never was', async () => {
    expect((await get('/containerLogs/default/none/main')).status).toBe(404)
    expect(await get(`${path}?previous=true`)).toMatchObject({
      status: 400,
      text: 'previous terminated container "main" in pod "box" not found\n',
    })
  })
  it('follow until the client leaves', async () => {
    const stop = new AbortController()
    const response = await fetch(`${node.kubeletUrl}/containerLogs/default/box/main?follow=true`, {
      signal: stop.signal,
    })
    const reader = response.body!.getReader()
    const first = await reader.read()
    expect(first.value!.length).toBeGreaterThan(0)
    stop.abort()
  })
})

describe('exec', () => {
  const path = '/exec/default/box/main?'
  for (const protocol of ['v5.channel.k8s.io', 'v4.channel.k8s.io']) {
    it(`keeps stdout and stderr apart and reports success (${protocol})`, async () => {
      const channels = await session(path + query('output=1&error=1', 'sh', '-c', 'echo out; echo err >&2'), protocol)
      expect(channels.get(1)).toBe('out\n')
      expect(channels.get(2)).toBe('err\n')
      expect(JSON.parse(channels.get(3)!)).toMatchObject({ status: 'Success' })
    })
  }
  it('reports the exit code as a cause of the status', async () => {
    const channels = await session(path + query('output=1', 'sh', '-c', 'exit 42'), 'v4.channel.k8s.io')
    expect(JSON.parse(channels.get(3)!)).toMatchObject({
      status: 'Failure',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '42' }] },
    })
  })
  it('passes stdin and its end', async () => {
    const channels = await session(path + query('input=1&output=1', 'cat'), 'v5.channel.k8s.io', socket => {
      socket.send(frame(0, 'hello '))
      socket.send(frame(0, 'world'))
      socket.send(Buffer.from([255, 0]))
    })
    expect(channels.get(1)).toBe('hello world')
  })
  it('gives a terminal the size that the client has', async () => {
    const channels = await session(
      path +
        query('input=1&output=1&tty=1', 'sh', '-c', 'until stty size 2>/dev/null | grep "45 123"; do sleep 0.1; done'),
      'v5.channel.k8s.io',
      socket => socket.send(frame(4, JSON.stringify({ Width: 123, Height: 45 }))),
    )
    expect(channels.get(1)).toContain('45 123')
  })
  it('speaks the older protocols: plain text for a failure, silence for a success, base64 for text frames', async () => {
    const failed = await session(path + query('output=1', 'sh', '-c', 'echo hi; exit 3'), 'channel.k8s.io')
    expect(failed.get(1)).toBe('hi\n')
    expect(failed.get(3)).toBe('command terminated with non-zero exit code: exit status 3')
    expect((await session(path + query('output=1', 'true'), 'channel.k8s.io')).has(3)).toBe(false)
    const socket = new WebSocket(
      node.kubeletUrl.replace('http', 'ws') + path + query('input=1&output=1', 'head', '-n', '1'),
      'base64.channel.k8s.io',
    )
    const said: string[] = []
    socket.on('message', (data: Buffer) => said.push(data.toString()))
    socket.on('open', () => socket.send(`0${Buffer.from('ping\n').toString('base64')}`))
    await new Promise<void>(resolve => socket.once('close', () => resolve()))
    expect(said).toContain(`1${Buffer.from('ping\n').toString('base64')}`)
  })
  it('carries megabytes without loss', async () => {
    const channels = await session(
      path + query('output=1', 'sh', '-c', 'head -c 5000000 /dev/zero | tr "\\0" x'),
      'v4.channel.k8s.io',
    )
    expect(channels.get(1)).toHaveLength(5_000_000)
  })
  it('takes long commands', async () => {
    const long = 'a'.repeat(60_000)
    const channels = await session(path + query('output=1', 'echo', long), 'v5.channel.k8s.io')
    expect(channels.get(1)).toBe(`${long}\n`)
  })
  it('says what a program that does not exist is', async () => {
    const channels = await session(path + query('output=1', '/nope'), 'v4.channel.k8s.io')
    expect(JSON.parse(channels.get(3)!)).toMatchObject({ status: 'Failure' })
  })
})

describe('port-forward', () => {
  const asked = 'GET /index.html HTTP/1.0\r\n\r\n'
  const fetchPage = (port: number, protocol: string | undefined = 'v4.channel.k8s.io') =>
    session(`/portForward/default/box?port=${port}`, protocol, socket => socket.send(frame(0, asked)))
  it('reaches a port of the pod', async () => {
    expect((await fetchPage(8080)).get(0)).toMatch(/^..HTTP\/1.\d 200 OK[^]*\r\nhi\n$/)
  })
  it('reaches what listens on the loopback of the pod alone', async () => {
    expect((await fetchPage(8081)).get(0)).toMatch(/^..HTTP\/1.\d 200 OK[^]*\r\nhi\n$/)
  })
  it('goes over channels of bytes for clients that name no protocol', async () => {
    expect((await fetchPage(8080, undefined)).get(0)).toMatch(/^..HTTP\/1.\d 200 OK[^]*\r\nhi\n$/)
  })
  it('goes in base64 for clients with text frames only', async () => {
    const texts: string[] = []
    await session('/portForward/default/box?port=8080', 'v4.base64.channel.k8s.io', socket => {
      socket.on('message', (data: Buffer, isBinary) => !isBinary && texts.push(data.toString()))
      socket.send(`0${Buffer.from(asked).toString('base64')}`)
    })
    const bytes = texts.filter(text => text.startsWith('0')).map(text => Buffer.from(text.slice(1), 'base64'))
    expect(Buffer.concat(bytes).toString()).toMatch(/HTTP\/1.\d 200 OK[^]*\r\nhi\n$/)
  })
  it('is tunnelled as SPDY in a WebSocket, by a name that no WebSocket library takes', async () => {
    const tunnel = 'SPDY/3.1+portforward.k8s.io'
    const [answer, socket] = await new Promise<[IncomingMessage, Socket]>((resolve, reject) =>
      plainRequest(`${node.kubeletUrl}/portForward/default/box`, {
        headers: {
          ...{ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
          ...{ 'sec-websocket-key': Buffer.alloc(16).toString('base64'), 'sec-websocket-protocol': tunnel },
        },
      })
        .once('upgrade', (message, wire) => resolve([message, wire as Socket]))
        .once('response', ({ statusCode }) => reject(new Error(`answered ${statusCode}`)))
        .once('error', reject)
        .end(),
    )
    expect(answer.headers['sec-websocket-protocol']).toBe(tunnel)
    const encoder = new HeaderEncoder()
    const spdy = (first: number, payload: Buffer) => {
      const head = Buffer.alloc(8)
      head.writeUInt32BE(first)
      head.writeUIntBE(payload.length, 5, 3)
      return Buffer.concat([head, payload])
    }
    const opened = async (id: number, streamtype: string) => {
      const headers = { streamtype, port: '8080', requestid: '0' }
      const start = Buffer.from([0, 0, 0, id, 0, 0, 0, 0, 0, 0])
      return spdy(0x80030001, Buffer.concat([start, await encoder.encode(new Map(Object.entries(headers)))]))
    }
    const bytes = Buffer.concat([await opened(1, 'error'), await opened(3, 'data'), spdy(3, Buffer.from(asked))])
    const received: Buffer[] = []
    socket.on('data', (chunk: Buffer) => received.push(chunk))
    // One binary frame, masked by zeros.
    socket.write(Buffer.concat([Buffer.from([0x82, 0xfe, bytes.length >> 8, bytes.length & 0xff, 0, 0, 0, 0]), bytes]))
    await eventually(() => expect(Buffer.concat(received).toString('latin1')).toMatch(/ 200 OK[^]*hi\n/))
    socket.destroy()
    encoder.close()
  })
  it('says that nothing listens, and ends', async () => {
    const refused = await session('/portForward/default/box?port=8082', 'v4.channel.k8s.io')
    expect(refused.get(1)).toMatch(/^..an error occurred forwarding 8082 to pod box: .*ECONNREFUSED/)
  })
  it('goes on with its other ports when one of them ends', async () => {
    const channels = await session('/portForward/default/box?port=8082&port=8080', 'v4.channel.k8s.io', socket => {
      socket.on('message', (data: Buffer) => {
        if (data[0] === 1 && data.length > 3) socket.send(frame(2, asked))
      })
    })
    expect(channels.get(1)).toContain('ECONNREFUSED')
    expect(channels.get(2)).toMatch(/^..HTTP\/1.\d 200 OK[^]*\r\nhi\n$/)
  })
})

describe('attach', () => {
  it('joins the running process', async () => {
    const socket = new WebSocket(
      `${node.kubeletUrl.replace('http', 'ws')}/attach/default/box/reader?input=1&output=1`,
      'v4.channel.k8s.io',
    )
    let text = ''
    const answered = new Promise<void>(resolve =>
      socket.on('message', (data: Buffer) => {
        if (data[0] === 1) text += data.subarray(1).toString()
        if (text.includes('got ping')) resolve()
      }),
    )
    socket.on('open', () => socket.send(frame(0, 'ping\n')))
    await answered
    socket.close()
    expect(
      docker('inspect', '-f', '{{.State.Running}}', statusOf(await node.get('box'), 'reader').containerID!.slice(9)),
    ).toBe('true')
  })
  it('goes on with the output when its input ends, where others may join the process later', async () => {
    const socket = new WebSocket(
      `${node.kubeletUrl.replace('http', 'ws')}/attach/default/box/reader?input=1&output=1`,
      'v5.channel.k8s.io',
    )
    let text = ''
    socket.on('message', (data: Buffer) => {
      if (data[0] === 1) text += data.subarray(1).toString()
    })
    socket.on('open', () => {
      socket.send(frame(0, 'slow\n'))
      socket.send(Buffer.from([255, 0]))
    })
    await eventually(() => expect(text).toContain('got slow'))
    socket.close()
  })
})

describe('attach to a container that has ended', () => {
  let id: string
  beforeAll(async () => {
    await node.run('ended', { restartPolicy: 'Never', containers: [node.container('echo done')] })
    const pod = await node.until('ended', ({ status }) => status.phase === 'Succeeded')
    id = statusOf(pod).containerID!.replace('docker://', '')
  })
  it('is refused before a session begins', async () => {
    await expect(session('/attach/default/ended/main?output=1', 'v5.channel.k8s.io')).rejects.toThrow('404')
  })
  it('fails where it ends at that moment: Docker would wait for its next start', async () => {
    const socketPath = '/var/run/docker.sock'
    const runtime = await DockerRuntime.connect({ socketPath, instance: 'attaches', clock: systemClock })
    const attached = runtime.attach(id, { stdin: false, tty: false })
    await expect(attached).rejects.toThrow('the container has ended')
    const outcomes: object[] = []
    const streams: SessionStreams = {
      stdin: undefined,
      stdout: new PassThrough(),
      stderr: new PassThrough(),
      onResize: () => undefined,
      finish: outcome => Promise.resolve(void outcomes.push(outcome)),
      closed: new AbortController().signal,
    }
    await runSession(streams, () => runtime.attach(id, { stdin: false, tty: false }), false)
    expect(outcomes).toMatchObject([{ status: 'Failure', message: 'the container has ended', code: 500 }])
  })
})

describe('numbers', () => {
  it('/stats/summary and /metrics/resource count the pod', async () => {
    const summary = JSON.parse((await get('/stats/summary')).text) as {
      pods: { podRef: { name: string }; cpu: { time: string }; memory: { workingSetBytes: number } }[]
    }
    const pod = summary.pods.find(({ podRef }) => podRef.name === 'box')!
    expect(pod.cpu.time).toMatch(/:\d\d\.\d{6}Z$/)
    expect(pod.memory.workingSetBytes).toBeGreaterThan(0)
    expect((await get('/metrics/resource')).text).toMatch(
      /container_memory_working_set_bytes\{container="main",namespace="default",pod="box"\} \d+/,
    )
  })
  it('/stats/summary tells about network, disk and processes, unless only cpu and memory are asked for', async () => {
    const pod = async (query: string) =>
      (
        JSON.parse((await get(`/stats/summary${query}`)).text) as {
          pods: {
            podRef: { name: string }
            network: { rxBytes: number }
            process_stats: { process_count: number }
            'ephemeral-storage'?: { usedBytes: number }
          }[]
        }
      ).pods.find(({ podRef }) => podRef.name === 'box')!
    const all = await pod('')
    expect(all.network.rxBytes).toBeGreaterThanOrEqual(0)
    expect(all.process_stats.process_count).toBeGreaterThan(0)
    expect(all['ephemeral-storage']?.usedBytes).toBeGreaterThan(0)
    expect((await pod('?only_cpu_and_memory=true'))['ephemeral-storage']).toBeUndefined()
  })
  it('/stats/summary tells what each container fills of the disk, of its memory what is left, and of the node the rest', async () => {
    const { node: ofNode, pods } = JSON.parse((await get('/stats/summary')).text) as {
      node: {
        systemContainers: { name: string; memory: { usageBytes: number } }[]
        network: { name: string; interfaces: { name: string }[] }
        runtime: object
        swap: object
      }
      pods: {
        podRef: { name: string }
        swap: object
        containers: {
          name: string
          memory: { availableBytes?: number; workingSetBytes: number }
          rootfs: { usedBytes: number }
          logs: { usedBytes: number }
        }[]
      }[]
    }
    const box = pods.find(({ podRef }) => podRef.name === 'box')!
    const [main, reader] = ['main', 'reader'].map(name => box.containers.find(container => container.name === name)!)
    expect(main!.rootfs.usedBytes).toBeGreaterThan(0)
    expect(main!.logs.usedBytes).toBeGreaterThan(0)
    expect(main!.memory.availableBytes! + main!.memory.workingSetBytes).toBe(64 * 2 ** 20)
    expect(reader!.memory.availableBytes).toBeUndefined()
    expect(box.swap).toMatchObject({ swapUsageBytes: 0 })
    expect(ofNode.systemContainers.map(({ name }) => name)).toEqual(['kubelet', 'pods'])
    for (const { memory } of ofNode.systemContainers) expect(memory.usageBytes).toBeGreaterThan(0)
    expect(ofNode.network.interfaces.map(({ name }) => name)).not.toContain('lo')
    expect(Object.keys(ofNode.runtime)).toEqual(['imageFs', 'containerFs'])
    expect(Object.keys(ofNode.swap)).toContain('swapUsageBytes')
  })
  it('/metrics/cadvisor counts throttling, memory, disks and packets, and tells what the spec allows', async () => {
    const text = (await get('/metrics/cadvisor')).text
    const of = (name: string, more = '') =>
      Number(new RegExp(`^${name}\\{container="main",[^}]*pod="box"[^}]*${more}[^}]*\\} (\\S+)`, 'm').exec(text)?.[1])
    expect(of('container_spec_memory_limit_bytes')).toBe(64 * 2 ** 20)
    expect(of('container_spec_cpu_quota')).toBe(50_000)
    expect(of('container_cpu_cfs_periods_total')).toBeGreaterThan(0)
    expect(of('container_cpu_cfs_throttled_seconds_total')).toBeGreaterThanOrEqual(0)
    expect(of('container_cpu_user_seconds_total') + of('container_cpu_system_seconds_total')).toBeGreaterThan(0)
    expect(of('container_memory_failures_total', 'failure_type="pgfault"')).toBeGreaterThan(0)
    expect(of('container_memory_cache')).toBeGreaterThanOrEqual(0)
    expect(text).toMatch(
      /^container_network_receive_packets_total\{interface="eth0",namespace="default",pod="box"\} \d/m,
    )
    const families = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name)
    expect(new Set(families).size).toBe(families.length)
  })
  it('/metrics, /metrics/cadvisor and /metrics/probes have their families', async () => {
    const cadvisor = (await get('/metrics/cadvisor')).text
    expect(cadvisor).toMatch(
      /container_memory_working_set_bytes\{container="main",namespace="default",pod="box",id="[^"]+"/,
    )
    expect(cadvisor).toMatch(
      /container_network_receive_bytes_total\{interface="eth0",namespace="default",pod="box"\} \d+/,
    )
    expect((await get('/metrics/resource')).text).toMatch(
      /pod_memory_working_set_bytes\{namespace="default",pod="box"\} \d+/,
    )
    const own = (await get('/metrics')).text
    expect(own).toMatch(/kubelet_running_pods [1-9]/)
    expect(own).toContain('kubernetes_build_info{major="1",minor="36",git_version="v1.36.0"} 1\n')
    expect((await get('/metrics/probes')).status).toBe(200)
  })
  it('/metrics tells how long the kubelet’s own work takes: questions to the engine, passes, pods until they run', async () => {
    const { text } = await get('/metrics')
    for (const type of ['run_podsandbox', 'create_container', 'start_container', 'podsandbox_status']) {
      expect(text).toMatch(new RegExp(`kubelet_runtime_operations_total\\{operation_type="${type}"\\} [1-9]`))
      expect(text).toMatch(new RegExp(`operations_duration_seconds_count\\{operation_type="${type}"\\} [1-9]`))
    }
    expect(text).toMatch(/kubelet_pod_worker_duration_seconds_bucket\{le="\+Inf",operation_type="create"\} [1-9]/)
    expect(text).toMatch(/kubelet_pod_start_duration_seconds_count [1-9]/)
    const families = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name)
    expect(new Set(families).size).toBe(families.length)
  })
  it('/metrics counts each container that ended, once', async () => {
    await node.run('crash', { restartPolicy: 'Never', containers: [node.container('exit 139')] })
    await node.until('crash', ({ status }) => status.phase === 'Failed')
    expect((await get('/metrics')).text).toMatch(
      /kubelet_terminated_containers_total\{container_type="container",exit_code="139",reason="Error"\} 1\n/,
    )
  })
  it('/configz tells what the kubelet was configured with', async () => {
    const { kubeletconfig } = JSON.parse((await get('/configz')).text) as { kubeletconfig: Record<string, unknown> }
    expect(kubeletconfig).toMatchObject({
      kind: 'KubeletConfiguration',
      evictionHard: { 'memory.available': '100Mi' },
      imagePullCredentialsVerificationPolicy: 'NeverVerifyPreloadedImages',
    })
  })
  it('/flotilla/arrivals looks for packets of a machine, and of nothing else; reading is not enough to ask for it', async () => {
    const ask = async (from: string, method = 'POST') => {
      const path = `/flotilla/arrivals?from=${encodeURIComponent(from)}`
      const response = await fetch(node.kubeletUrl + path, { method, headers: { Connection: 'close' } })
      return `${response.status} ${(await response.text()).trim()}`
    }
    expect(await ask('192.0.2.7')).toBe('200 {"arrived":false}')
    for (const other of ['', '0.0.0.0', '127.0.0.1', '224.0.0.1', '255.255.255.255', 'fd00::7', '192.0.2.07', '192.0.2.7 accept; drop'])
      expect(await ask(other)).toBe(`400 from=${JSON.stringify(other)} is not the IPv4 address of a machine`) // prettier-ignore
    expect(await ask('192.0.2.7', 'GET')).toMatch(/^404 /)
    expect(await ask('192.0.2.7', 'PUT')).toMatch(/^405 /)
  })
  it('/healthz answers ok', async () => {
    expect(await get('/healthz')).toEqual({ status: 200, text: 'ok' })
  })
})

it('is asked on a port of the node as well, where who asks has to say who they are', async () => {
  const port = await freePort()
  await node.stopAgent()
  await node.startAgent({ kubeletBindAddress: `127.0.0.1:${port}` })
  const code = () =>
    new Promise<number | undefined>((resolve, reject) => {
      request({ host: '127.0.0.1', port, path: '/pods', rejectUnauthorized: false, agent: false }, response =>
        resolve(response.resume().statusCode),
      )
        .on('error', reject)
        .end()
    })
  await eventually(async () => (await code().catch(() => undefined)) === 401)
  await node.stopAgent()
  await expect(code()).rejects.toThrow(/ECONNREFUSED/)
  await node.startAgent()
})
