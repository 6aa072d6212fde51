// What the kernel counts, read out of the files that it counts in: as they are on hosts of both kinds of cgroups.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ApiContext } from '../../src/agent/api/contract.ts'
import { cadvisorMetrics } from '../../src/agent/api/metrics/cadvisor.ts'
import { machineUsage } from '../../src/agent/kubelet/node/machine.ts'
import { machineDetail } from '../../src/agent/kubelet/node/machine-detail.ts'
import { detailOf } from '../../src/agent/kubelet/runtime/cgroup-detail.ts'
import { machinePressures, parsePressure } from '../../src/agent/kubelet/runtime/pressure.ts'
import { defaultInterface, parseInterfaces } from '../../src/agent/kubelet/stats/interfaces.ts'
import { temporaryFolder } from './support/node.ts'

/** A tree of cgroups with these files, by path. */
async function inTree<T>(files: Readonly<Record<string, string>>, look: (root: string) => Promise<T>): Promise<T> {
  const folder = temporaryFolder()
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder.path, path)), { recursive: true })
      writeFileSync(join(folder.path, path), text)
    }
    return await look(folder.path)
  } finally {
    folder.remove()
  }
}

const stalled = (some: number, full: number) =>
  `some avg10=1.50 avg60=0.70 avg300=0.10 total=${some}\nfull avg10=0.50 avg60=0.20 avg300=0.00 total=${full}\n`

describe('a container on a host with cgroup v2', () => {
  const pod = 'flotilla/pod-1'
  const files = {
    [`${pod}/c/cpu.stat`]: 'usage_usec 900\nuser_usec 600\nsystem_usec 300\nnr_periods 20\nnr_throttled 5\nthrottled_usec 70\n',
    [`${pod}/c/memory.stat`]: 'anon 100\nfile 4096\nfile_mapped 1024\n',
    [`${pod}/c/memory.swap.current`]: '8192\n',
    [`${pod}/c/memory.events`]: 'low 0\nhigh 0\nmax 3\noom 1\n',
    [`${pod}/c/io.stat`]: '999:7 rbytes=1000 wbytes=2000 rios=10 wios=20 dbytes=0 dios=0\n',
    [`${pod}/c/cpu.pressure`]: stalled(100, 50),
    [`${pod}/c/memory.pressure`]: stalled(200, 60),
    [`${pod}/c/io.pressure`]: stalled(300, 70),
    [`${pod}/cpu.pressure`]: stalled(1000, 0),
    [`${pod}/memory.pressure`]: stalled(0, 0),
    [`${pod}/io.pressure`]: stalled(0, 0),
  } // prettier-ignore
  const paths = new Map([['', `/${pod}/c`]])
  test('tells of its time, throttling, memory and disks', async () => {
    const detail = await inTree(files, root => detailOf(paths, root))
    expect(detail).toMatchObject({
      cpuUserNanoseconds: 600_000,
      cpuSystemNanoseconds: 300_000,
      cpuPeriods: 20,
      cpuThrottledPeriods: 5,
      cpuThrottledNanoseconds: 70_000,
      memoryCacheBytes: 4096,
      memoryMappedBytes: 1024,
      memorySwapBytes: 8192,
      memoryLimitHits: 3,
      disks: [{ device: '999:7', reads: 10, readBytes: 1000, writes: 20, writtenBytes: 2000 }],
    })
  })
  test('tells how long it and its pod were held up, in nanoseconds', async () => {
    const { pressures, podPressures } = await inTree(files, root => detailOf(paths, root))
    expect(pressures?.cpu).toEqual({
      some: { totalNanoseconds: 100_000, avg10: 1.5, avg60: 0.7, avg300: 0.1 },
      full: { totalNanoseconds: 50_000, avg10: 0.5, avg60: 0.2, avg300: 0 },
    })
    expect(pressures?.io.full.totalNanoseconds).toBe(70_000)
    expect(podPressures?.cpu.some.totalNanoseconds).toBe(1_000_000)
  })
  test('tells nothing of that where the kernel does not count it, or for a pod without a cgroup of its own', async () => {
    const without = Object.fromEntries(Object.entries(files).filter(([path]) => !path.endsWith('pressure')))
    const none = await inTree(without, root => detailOf(paths, root))
    expect([none.pressures, none.podPressures]).toEqual([undefined, undefined])
    const elsewhere = Object.fromEntries(
      Object.entries(files).map(([path, text]) => [path.replace(pod, 'docker'), text]),
    )
    const alone = await inTree(elsewhere, root => detailOf(new Map([['', '/docker/c']]), root))
    expect(alone.pressures).toBeDefined()
    expect(alone.podPressures).toBeUndefined()
  })
})

test('a container on a host with cgroup v1 tells the same, but for pressure', async () => {
  const files = {
    'cpu/c/cpu.stat': 'nr_periods 20\nnr_throttled 5\nthrottled_time 70000\n',
    'cpuacct/c/cpuacct.stat': 'user 6\nsystem 3\n',
    'memory/c/memory.stat': 'cache 1\nswap 1\ntotal_cache 4096\ntotal_mapped_file 1024\ntotal_swap 8192\n',
    'memory/c/memory.failcnt': '3\n',
    'blkio/c/blkio.throttle.io_service_bytes_recursive': '999:7 Read 1000\n999:7 Write 2000\n999:7 Total 3000\nTotal 3000\n',
    'blkio/c/blkio.throttle.io_serviced_recursive': '999:7 Read 10\n999:7 Write 20\n999:7 Total 30\nTotal 30\n',
  } // prettier-ignore
  const paths = new Map(['cpu', 'cpuacct', 'memory', 'blkio'].map(controller => [controller, '/c']))
  expect(await inTree(files, root => detailOf(paths, root))).toEqual({
    cpuUserNanoseconds: 60_000_000,
    cpuSystemNanoseconds: 30_000_000,
    cpuPeriods: 20,
    cpuThrottledPeriods: 5,
    cpuThrottledNanoseconds: 70_000,
    memoryCacheBytes: 4096,
    memoryMappedBytes: 1024,
    memorySwapBytes: 8192,
    memoryLimitHits: 3,
    disks: [{ device: '999:7', reads: 10, readBytes: 1000, writes: 20, writtenBytes: 2000 }],
  })
})

test('an older kernel has no full stalls of the processor', () => {
  const { some, full } = parsePressure('some avg10=0.10 avg60=0.00 avg300=0.00 total=12\n')
  expect([some.totalNanoseconds, full.totalNanoseconds]).toEqual([12_000, 0])
})

describe('the machine', () => {
  test('names the interface that leads everywhere else', () => {
    const routes =
      'Iface\tDestination\tGateway \tFlags\neth1\t0000A8C0\t00000000\t0001\neth0\t00000000\t0100A8C0\t0003\n'
    expect(defaultInterface(routes)).toBe('eth0')
    expect(defaultInterface('Iface\tDestination\n')).toBeUndefined()
  })
  test('counts what went through each', () => {
    const table = [
      'Inter-|   Receive                                                |  Transmit',
      ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed',
      '  eth0: 11 12 13 14 0 0 0 0 21 22 23 24 0 0 0 0',
      'wlan0:31 32 33 34 0 0 0 0 41 42 43 44 0 0 0 0',
    ].join('\n')
    const readings = parseInterfaces(table)
    expect(readings.get('eth0')).toEqual({
      rxBytes: 11, rxPackets: 12, rxErrors: 13, rxDropped: 14, txBytes: 21, txPackets: 22, txErrors: 23, txDropped: 24,
    }) // prettier-ignore
    expect(readings.get('wlan0')?.txBytes).toBe(41)
  })
  test('tells of its memory, its faults and its own interfaces alone', async () => {
    const { anonymousBytes, pageFaults, interfaces, pressures } = await machineDetail()
    expect(Math.min(anonymousBytes, pageFaults)).toBeGreaterThan(0)
    expect([...interfaces.keys()].filter(name => /^(lo|docker|veth|flo-)/.test(name))).toEqual([])
    expect(pressures === undefined).toBe((await machinePressures()) === undefined)
  })
})

test('processor time is told with when it was read, although the rest is there only later', async () => {
  let now = 1
  const reading = machineUsage('/', () => now)
  now = 2
  const { cpuAtMs, cpuNanoseconds } = await reading
  expect(cpuAtMs).toBe(1)
  expect(cpuNanoseconds).toBeGreaterThan(0)
})

test('dashboards find pressure and disks of a container under the names of cAdvisor, in seconds and bytes', async () => {
  const io = { some: { totalNanoseconds: 2e9, avg10: 0, avg60: 0, avg300: 0 }, full: { totalNanoseconds: 5e8, avg10: 0, avg60: 0, avg300: 0 } } // prettier-ignore
  const detail = {
    cpuUserNanoseconds: 0, cpuSystemNanoseconds: 0, cpuPeriods: 0, cpuThrottledPeriods: 0, cpuThrottledNanoseconds: 0,
    memoryCacheBytes: 0, memoryMappedBytes: 0, memorySwapBytes: 0, memoryLimitHits: 0,
    disks: [{ device: '/dev/sda', reads: 1, readBytes: 2, writes: 3, writtenBytes: 4 }],
    pressures: { cpu: io, memory: io, io },
  } // prettier-ignore
  const pod = { metadata: { uid: 'u', name: 'p', namespace: 'n' }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const container = { pod, name: 'c', id: '1', startedAt: '2026-01-01T00:00:00Z', stats: { cpuNanoseconds: 0 } }
  const context = {
    stats: {
      snapshot: () => Promise.resolve({ atMs: 0, containers: [container], networks: new Map() }),
      details: () => Promise.resolve(new Map([['1', detail]])),
    },
    machine: { cpus: 1, memoryBytes: 1 },
    clock: { now: () => 7 },
  } as unknown as ApiContext
  const text = await cadvisorMetrics(context)
  const labels = 'container="c",namespace="n",pod="p",id="/docker/1",image="i",name="1"'
  expect(text).toContain(`container_pressure_io_waiting_seconds_total{${labels}} 2 7\n`)
  expect(text).toContain(`container_pressure_cpu_stalled_seconds_total{${labels}} 0.5 7\n`)
  expect(text).toContain(`container_fs_writes_bytes_total{${labels},device="/dev/sda"} 4 7\n`)
})
