// The DNS server over real sockets: the cluster's names, other servers' names, sizes, bad input.
import dnsPacket, { type DecodedPacket, type Packet, type Record } from 'dns-packet'
import { createSocket, type Socket } from 'node:dgram'
import { connect, createServer, type Server } from 'node:net'
import { Registry } from 'prom-client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Service } from '../../src/shared/api/core/v1.ts'
import type { EndpointSlice } from '../../src/shared/api/discovery/v1.ts'
import { silentLog } from '../../src/shared/machinery/log.ts'
import { upstreamServers } from '../../src/agent/dns/resolv-conf.ts'
import { DnsServer } from '../../src/agent/dns/server.ts'
import { frame, MessageReader } from '../../src/agent/dns/tcp-framing.ts'
import { ClusterView } from '../../src/agent/network/cluster-view.ts'
import { parseRange } from '../../src/shared/machinery/cidr.ts'
import { service, slice } from './lab/objects.ts'

const put = (view: ClusterView, s: unknown, ...slices: unknown[]) => {
  view.putService(s as Service)
  for (const each of slices) view.putSlice(each as EndpointSlice)
}

/** A DNS server on loopback that answers what the test says, and counts. */
class Upstream {
  readonly #udp: Socket = createSocket('udp4')
  readonly #tcp: Server
  readonly #answer: (question: { name: string; type: string }, over: 'udp' | 'tcp') => Partial<Packet> | undefined
  asked: string[] = []
  port = 0

  constructor(answer: (question: { name: string; type: string }, over: 'udp' | 'tcp') => Partial<Packet> | undefined) {
    this.#answer = answer
    this.#udp.on('message', (message, from) => {
      const reply = this.#reply(message, 'udp')
      if (reply) this.#udp.send(reply, from.port, from.address)
    })
    this.#tcp = createServer(socket => {
      const reader = new MessageReader()
      socket.on('error', () => socket.destroy())
      socket.on('data', chunk => {
        for (const message of reader.push(chunk)) {
          const reply = this.#reply(message, 'tcp')
          if (reply) socket.write(frame(reply))
        }
      })
    })
  }
  #reply(message: Buffer, over: 'udp' | 'tcp'): Buffer | undefined {
    const { id, questions } = dnsPacket.decode(message)
    this.asked.push(`${over} ${questions[0]!.name} ${questions[0]!.type}`)
    const packet = this.#answer(questions[0]!, over)
    return packet && dnsPacket.encode({ id, type: 'response', flags: 0x180, questions, ...packet })
  }
  async start(): Promise<this> {
    await new Promise<void>(resolve => this.#tcp.listen(0, '127.0.0.1', resolve))
    this.port = (this.#tcp.address() as { port: number }).port
    await new Promise<void>(resolve => this.#udp.bind(this.port, '127.0.0.1', resolve))
    return this
  }
  async stop(): Promise<void> {
    this.#udp.close()
    await new Promise(resolve => this.#tcp.close(resolve))
  }
}

const PUBLIC: Record[] = [{ name: 'example.test', type: 'A', ttl: 60, data: '192.0.2.44' }]

describe('the DNS server', () => {
  let view: ClusterView
  let server: DnsServer
  let upstream: Upstream
  let metrics: Registry
  let answer: ConstructorParameters<typeof Upstream>[0]

  beforeEach(async () => {
    view = new ClusterView()
    answer = ({ name }) =>
      name === 'example.test'
        ? { answers: PUBLIC }
        : { flags: 0x183, authorities: [{ name: 'test', type: 'SOA', ttl: 60, data: soa }] }
    upstream = await new Upstream((...given) => answer(...given)).start()
    metrics = new Registry()
    server = new DnsServer({
      view,
      addresses: ['127.0.0.1'],
      families: ['IPv4', 'IPv6'],
      port: 0,
      zone: 'cluster.local',
      ownRanges: ['10.244.0.0/16', '10.96.0.0/16', 'fd00:10:96::/112'].map(text => parseRange(text)!),
      log: silentLog,
      metrics,
      upstream: [{ address: '127.0.0.1', port: upstream.port }],
    })
    await server.start()
  })
  afterEach(async () => {
    await server[Symbol.asyncDispose]()
    await upstream.stop()
  })
  const soa = { mname: 'a.test', rname: 'b.test', serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 20 }

  const send = (message: Buffer) =>
    new Promise<Buffer>((resolve, reject) => {
      const socket = createSocket('udp4')
      const timer = setTimeout(() => (socket.close(), reject(new Error('no answer'))), 3_000)
      socket.once('message', reply => {
        clearTimeout(timer)
        socket.close()
        resolve(reply)
      })
      socket.send(message, server.port, '127.0.0.1')
    })
  const query = (name: string, type = 'A', edns?: number): Buffer =>
    dnsPacket.encode({
      id: 7,
      flags: 0x100,
      questions: [{ name, type }],
      additionals: edns ? [{ name: '.', type: 'OPT', udpPayloadSize: edns, flags: 0 }] : [],
    })
  const ask = async (name: string, type = 'A', edns?: number): Promise<DecodedPacket> =>
    dnsPacket.decode(await send(query(name, type, edns)))
  const askTcp = (name: string, type = 'A') =>
    new Promise<DecodedPacket>((resolve, reject) => {
      const reader = new MessageReader()
      const socket = connect(server.port, '127.0.0.1', () => socket.write(frame(query(name, type))))
      socket.on('error', reject)
      socket.on('data', chunk => {
        const [message] = reader.push(chunk)
        if (!message) return
        socket.destroy()
        resolve(dnsPacket.decode(message))
      })
    })
  const dataOf = ({ answers }: DecodedPacket) => answers.map(a => ('data' in a ? a.data : undefined))

  const web = service('web', {
    type: 'ClusterIP',
    clusterIP: '10.96.0.50',
    ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
  })
  const db = service('db', { clusterIP: 'None', ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] })
  const dbSlice = slice(
    'db',
    [
      { ip: '10.244.1.4', hostname: 'db-0' },
      { ip: '10.244.2.5' },
      { ip: '10.244.2.6', hostname: 'db-2', ready: false },
    ],
    [{ name: 'sql', port: 5432, protocol: 'TCP' }],
  )

  it('answers a service with its cluster IP, in any case of letters, repeating the question as it was asked', async () => {
    put(view, web)
    const reply = await ask('Web.Default.svc.CLUSTER.local')
    expect(reply).toMatchObject({ rcode: 'NOERROR', flag_qr: true, flag_rd: true })
    expect(reply.questions[0]!.name).toBe('Web.Default.svc.CLUSTER.local')
    expect(dataOf(reply)).toEqual(['10.96.0.50'])
  })

  it('answers AAAA of a service without data, so that clients go on with IPv4', async () => {
    put(view, web)
    const reply = await ask('web.default.svc.cluster.local', 'AAAA')
    expect(reply).toMatchObject({ rcode: 'NOERROR', answers: [] })
    expect(reply.authorities[0]).toMatchObject({ type: 'SOA', name: 'cluster.local' })
  })

  it('answers names that the zone lacks with NXDOMAIN and how long that holds, without asking anyone', async () => {
    put(view, web)
    for (const name of ['no.default.svc', 'web.other.svc', 'example.test.default.svc', 'x.web.default.svc', 'x']) {
      const reply = await ask(`${name}.cluster.local`)
      expect([name, reply.rcode]).toEqual([name, 'NXDOMAIN'])
      expect(reply.authorities[0]).toMatchObject({ type: 'SOA', ttl: 5 })
    }
    expect(upstream.asked).toEqual([])
  })

  it('answers names that have names below them without data', async () => {
    put(view, web)
    for (const name of ['svc.cluster.local', 'default.svc.cluster.local', '_tcp.web.default.svc.cluster.local'])
      expect(await ask(name)).toMatchObject({ rcode: 'NOERROR', answers: [] })
  })

  it('answers a headless service with its ready endpoints', async () => {
    put(view, db, dbSlice)
    expect(dataOf(await ask('db.default.svc.cluster.local')).sort()).toEqual(['10.244.1.4', '10.244.2.5'])
  })

  it('answers the name of each pod of a headless service: its hostname, or its address with dashes', async () => {
    put(view, db, dbSlice)
    expect(dataOf(await ask('db-0.db.default.svc.cluster.local'))).toEqual(['10.244.1.4'])
    expect(dataOf(await ask('10-244-2-5.db.default.svc.cluster.local'))).toEqual(['10.244.2.5'])
    expect((await ask('db-2.db.default.svc.cluster.local')).rcode).toBe('NXDOMAIN')
  })

  it('answers IPv6 endpoints of a headless service with AAAA, and their reverse names', async () => {
    const six = slice(
      'db',
      [{ ip: 'fd00:10:244:1::4', hostname: 'db-0' }, { ip: 'fd00:10:244:2:0::5' }],
      undefined,
      'six',
    )
    put(view, db, dbSlice, { ...six, addressType: 'IPv6' })
    const all = ['fd00:10:244:1::4', 'fd00:10:244:2::5']
    expect(dataOf(await ask('db.default.svc.cluster.local', 'AAAA')).sort()).toEqual(all)
    expect(dataOf(await ask('db.default.svc.cluster.local')).sort()).toEqual(['10.244.1.4', '10.244.2.5'])
    expect(dataOf(await ask('db-0.db.default.svc.cluster.local', 'AAAA'))).toEqual(all.slice(0, 1))
    expect(dataOf(await ask('fd00-10-244-2--5.db.default.svc.cluster.local', 'AAAA'))).toEqual(all.slice(1))
    const reverse = `4.${'0.'.repeat(15)}1.0.0.0.4.4.2.0.0.1.0.0.0.0.d.f.ip6.arpa`
    expect(dataOf(await ask(reverse, 'PTR'))).toEqual(['db-0.db.default.svc.cluster.local'])
    await ask('1.ip6.arpa', 'PTR')
    await ask('fd00:10:244:1::4.in-addr.arpa', 'PTR')
    expect(upstream.asked).toEqual(['udp 1.ip6.arpa PTR', 'udp fd00:10:244:1::4.in-addr.arpa PTR'])
    // Endpoints of a Service that is not headless have no names, also where the Service has an IPv6 address alone.
    const single = { ...db, spec: { ...db.spec, clusterIP: 'fd00:10:96::7', clusterIPs: ['fd00:10:96::7'] } }
    put(view, single, { ...six, addressType: 'IPv6' })
    expect(dataOf(await ask(reverse, 'PTR'))).toEqual([])
  })

  it('answers SRV with port and target, and the addresses of the targets', async () => {
    put(view, web)
    put(view, db, dbSlice)
    const virtual = await ask('_http._tcp.web.default.svc.cluster.local', 'SRV')
    expect(dataOf(virtual)).toMatchObject([{ port: 80, target: 'web.default.svc.cluster.local' }])
    expect(virtual.additionals[0]).toMatchObject({ type: 'A', data: '10.96.0.50' })
    const headless = await ask('_sql._tcp.db.default.svc.cluster.local', 'SRV')
    const targets = (dataOf(headless) as { target: string }[]).map(({ target }) => target).sort()
    expect(targets).toEqual(['10-244-2-5.db.default.svc.cluster.local', 'db-0.db.default.svc.cluster.local'])
    expect((await ask('_nope._tcp.web.default.svc.cluster.local', 'SRV')).rcode).toBe('NXDOMAIN')
  })

  it('answers the reverse names of services and of named pods, and keeps those of the cluster to itself', async () => {
    put(view, web)
    put(view, db, dbSlice)
    expect(dataOf(await ask('50.0.96.10.in-addr.arpa', 'PTR'))).toEqual(['web.default.svc.cluster.local'])
    expect(dataOf(await ask('4.1.244.10.in-addr.arpa', 'PTR'))).toEqual(['db-0.db.default.svc.cluster.local'])
    expect((await ask('9.9.244.10.in-addr.arpa', 'PTR')).rcode).toBe('NXDOMAIN')
    expect(upstream.asked).toEqual([])
    await ask('1.2.0.192.in-addr.arpa', 'PTR')
    expect(upstream.asked).toEqual(['udp 1.2.0.192.in-addr.arpa PTR'])
  })

  it('answers the address names of pods', async () => {
    put(view, web)
    expect(dataOf(await ask('10-244-1-9.default.pod.cluster.local'))).toEqual(['10.244.1.9'])
    expect((await ask('10-244-1-999.default.pod.cluster.local')).rcode).toBe('NXDOMAIN')
  })

  it('answers an ExternalName with a CNAME and what its target has', async () => {
    put(view, service('ext', { type: 'ExternalName', externalName: 'example.test' }))
    expect(dataOf(await ask('ext.default.svc.cluster.local'))).toEqual(['example.test', '192.0.2.44'])
    expect(dataOf(await ask('ext.default.svc.cluster.local', 'CNAME'))).toEqual(['example.test'])
    put(view, web)
    put(view, service('in', { type: 'ExternalName', externalName: 'web.default.svc.cluster.local' }))
    expect(dataOf(await ask('in.default.svc.cluster.local'))).toEqual(['web.default.svc.cluster.local', '10.96.0.50'])
  })

  it('follows changes at once: renamed endpoints, deleted services', async () => {
    put(view, db, dbSlice)
    view.putSlice(slice('db', [{ ip: '10.244.3.3', hostname: 'db-0' }]) as unknown as EndpointSlice)
    expect(dataOf(await ask('db-0.db.default.svc.cluster.local'))).toEqual(['10.244.3.3'])
    expect((await ask('4.1.244.10.in-addr.arpa', 'PTR')).rcode).toBe('NXDOMAIN')
    view.removeService('default/db')
    expect((await ask('db.default.svc.cluster.local')).rcode).toBe('NXDOMAIN')
    expect((await ask('default.svc.cluster.local')).rcode).toBe('NXDOMAIN')
  })

  it('asks the host server for other names once, and counts the time that it kept the answer', async () => {
    expect(dataOf(await ask('example.test'))).toEqual(['192.0.2.44'])
    const again = await ask('EXAMPLE.test')
    expect(again.questions[0]!.name).toBe('EXAMPLE.test')
    expect(dataOf(again)).toEqual(['192.0.2.44'])
    expect(upstream.asked).toEqual(['udp example.test A'])
    expect(await metrics.metrics()).toContain('flotilla_dns_upstream_lookups_total{result="hit"} 1')
  })

  it('counts answers by protocol, type, source and result, and only types that there are', async () => {
    put(view, web)
    await ask('web.default.svc.cluster.local')
    await ask('web.default.svc.cluster.local')
    await askTcp('web.default.svc.cluster.local', 'AAAA')
    await ask('nothing.default.svc.cluster.local')
    await ask('example.test')
    await ask('missing.test', 'MX')
    await ask('web.default.svc.cluster.local', 'UNKNOWN_64999')
    const counted = async (name: string) =>
      (await metrics.metrics())
        .split('\n')
        .filter(line => line.startsWith(`${name}{`))
        .sort()
    expect(await counted('flotilla_dns_answers_total')).toEqual([
      'flotilla_dns_answers_total{protocol="tcp",type="AAAA",source="cluster",rcode="NOERROR"} 1',
      'flotilla_dns_answers_total{protocol="udp",type="A",source="cluster",rcode="NOERROR"} 2',
      'flotilla_dns_answers_total{protocol="udp",type="A",source="cluster",rcode="NXDOMAIN"} 1',
      'flotilla_dns_answers_total{protocol="udp",type="A",source="upstream",rcode="NOERROR"} 1',
      'flotilla_dns_answers_total{protocol="udp",type="MX",source="upstream",rcode="NXDOMAIN"} 1',
      'flotilla_dns_answers_total{protocol="udp",type="other",source="cluster",rcode="NOERROR"} 1',
    ])
    answer = () => ({ flags: 0x182 })
    await ask('broken.test')
    await ask('example.test')
    expect(await counted('flotilla_dns_upstream_lookups_total')).toEqual([
      'flotilla_dns_upstream_lookups_total{result="hit"} 1',
      'flotilla_dns_upstream_lookups_total{result="miss"} 3',
    ])
  })

  it('asks once for many equal questions at the same time', async () => {
    await Promise.all(Array.from({ length: 20 }, () => ask('example.test')))
    expect(upstream.asked).toHaveLength(1)
  })

  it('remembers that a name does not exist', async () => {
    expect((await ask('missing.test')).rcode).toBe('NXDOMAIN')
    expect((await ask('missing.test')).rcode).toBe('NXDOMAIN')
    expect(upstream.asked).toHaveLength(1)
  })

  it('asks over TCP when the answer did not fit, and tells its own clients the same', async () => {
    const many = Array.from({ length: 100 }, (_, i) => ({ name: 'big.test', type: 'A', ttl: 60, data: `192.0.2.${i}` }))
    answer = (_question, over) => (over === 'tcp' ? { answers: many } : { flags: 0x380, answers: [] })
    const small = await ask('big.test')
    expect(small).toMatchObject({ flag_tc: true, answers: [] })
    expect((await askTcp('big.test')).answers).toHaveLength(100)
    expect(upstream.asked).toEqual(['udp big.test A', 'tcp big.test A'])
  })

  it('tries the next server when one is silent or refuses', async () => {
    const silent = await new Upstream(() => undefined).start()
    const refusing = await new Upstream(() => ({ flags: 0x185 })).start()
    const other = new DnsServer({
      view,
      addresses: ['127.0.0.1'],
      families: ['IPv4', 'IPv6'],
      port: 0,
      zone: 'cluster.local',
      ownRanges: [],
      log: silentLog,
      upstream: [silent.port, refusing.port, upstream.port].map(port => ({ address: '127.0.0.1', port })),
    })
    await other.start()
    await server[Symbol.asyncDispose]()
    server = other
    expect(dataOf(await ask('example.test'))).toEqual(['192.0.2.44'])
    expect([silent.asked.length, refusing.asked.length]).toEqual([1, 1])
    await Promise.all([silent.stop(), refusing.stop()])
  })

  it('answers SERVFAIL when nobody answers', async () => {
    answer = () => undefined
    expect((await ask('example.test')).rcode).toBe('SERVFAIL')
  })

  it('waits for the real answer when one with another question or id comes first', async () => {
    const real = answer
    answer = question => ({ ...real(question, 'udp'), questions: [{ ...question, name: 'evil.test' }] })
    expect((await ask('example.test')).rcode).toBe('SERVFAIL')
    answer = question => ({ ...real(question, 'udp'), id: 1, questions: [question] })
    expect((await ask('example.test')).rcode).toBe('SERVFAIL')
  })

  it('fits an answer into 512 bytes, or into what the client announced, or says that it is cut', async () => {
    const ips = Array.from({ length: 60 }, (_, i) => ({ ip: `10.244.1.${i + 1}` }))
    put(view, db, slice('db', ips))
    const plain = await send(query('db.default.svc.cluster.local'))
    expect(plain.length).toBeLessThanOrEqual(512)
    expect(dnsPacket.decode(plain).flag_tc).toBe(true)
    expect(dnsPacket.decode(plain).answers.length).toBeGreaterThan(25)
    const edns = await ask('db.default.svc.cluster.local', 'A', 4096)
    expect(edns).toMatchObject({ flag_tc: false })
    expect(edns.answers).toHaveLength(60)
    expect((await askTcp('db.default.svc.cluster.local')).answers).toHaveLength(60)
  })

  it('gives every endpoint a turn at being first', async () => {
    put(view, db, dbSlice)
    const first = new Set<unknown>()
    for (let i = 0; i < 40; i++) first.add(dataOf(await ask('db.default.svc.cluster.local'))[0])
    expect(first.size).toBe(2)
  })

  it('answers broken and odd queries with the error they deserve, and goes on', async () => {
    put(view, web)
    const good = query('web.default.svc.cluster.local')
    const twoQuestions = Buffer.from(good)
    twoQuestions.writeUInt16BE(2, 4)
    expect(dnsPacket.decode(await send(twoQuestions)).rcode).toBe('FORMERR')
    expect(dnsPacket.decode(await send(good.subarray(0, 20))).rcode).toBe('FORMERR')
    const update = Buffer.from(good)
    update.writeUInt16BE(5 << 11, 2)
    expect(dnsPacket.decode(await send(update)).rcode).toBe('NOTIMP')
    const loop = Buffer.concat([good.subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])])
    expect(dnsPacket.decode(await send(loop)).rcode).toBe('FORMERR')
    const socket = createSocket('udp4')
    for (const junk of [Buffer.alloc(0), Buffer.from('x'), Buffer.alloc(600, 0xff)])
      socket.send(junk, server.port, '127.0.0.1')
    expect(dataOf(await ask('__proto__.default.svc.cluster.local'))).toEqual([])
    expect(dataOf(await ask('web.default.svc.cluster.local'))).toEqual(['10.96.0.50'])
    socket.close()
  })
})

describe('upstreamServers()', () => {
  const files = (given: { [path: string]: string }) => (path: string) => given[path] ?? ''
  it('reads the host file, without ourselves', () => {
    const text =
      '# comment\nnameserver 192.0.2.1\nsearch x\nnameserver 10.96.0.10\nnameserver fe80::1%eth0\nnameserver nonsense\n'
    expect(upstreamServers(['10.96.0.10'], files({ '/etc/resolv.conf': text }))).toEqual(['192.0.2.1', 'fe80::1%eth0'])
  })
  it('goes behind the stub of systemd-resolved', () => {
    const given = {
      '/etc/resolv.conf': 'nameserver 127.0.0.53\noptions edns0\n',
      '/run/systemd/resolve/resolv.conf': 'nameserver 192.0.2.7\n',
    }
    expect(upstreamServers(['10.96.0.10'], files(given))).toEqual(['192.0.2.7'])
  })
  it('uses a resolver on loopback when there is nothing behind it', () => {
    expect(upstreamServers(['10.96.0.10'], files({ '/etc/resolv.conf': 'nameserver 127.0.0.1\n' }))).toEqual([
      '127.0.0.1',
    ])
  })
})
