// What is written of a host that is away: why it cannot be reached now, and since when it has been away.
import { type AddressInfo, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { HostLinks } from '../../src/main/provisioning/link/host-links.ts'
import { Host } from '../../src/shared/api/flotilla/v1.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { silentLog } from '../../src/shared/machinery/log.ts'
import { startTestApiServer } from '../support/api-server.ts'
import { eventually } from '../support/eventually.ts'

test('why a host cannot be reached follows what stands in the way; it has been away since the first of it', async () => {
  await using api = await startTestApiServer()
  const client = api.clientAs()
  const server = createServer(socket => socket.on('error', () => undefined).end('no ssh here\r\n'))
  const listen = (port: number) => new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  await listen(0)
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  const address = `root@127.0.0.1:${port}`
  await client.create(Host, { metadata: { name: 'box' }, spec: { address } })
  const host = await client.patch(Host, { name: 'box' }, { status: { phase: 'Ready', nodeName: 'box', apiPort: 16443 } }, { type: 'merge', subresource: 'status' }) // prettier-ignore
  const hop = { user: 'root', host: '127.0.0.1', port, identityFiles: [], identitiesOnly: false }
  await using links = new HostLinks({
    client,
    clock: systemClock,
    log: silentLog,
    ownKey: { privateKey: '', publicKey: '' },
    agent: undefined,
    waysTo: () => [[hop]],
    apiServer: { host: '127.0.0.1', port: 1 },
  } as unknown as ConstructorParameters<typeof HostLinks>[0])
  await links.open(host)
  const told = async () => {
    const { status } = await client.get(Host, { name: 'box' })
    return { why: status.conditions?.find(({ type }) => type === 'Connected')?.message ?? '', away: status.away ?? [] }
  }
  await eventually(async () => expect((await told()).why).toContain('refuses the connection'), 20_000)
  const { away } = await told()
  expect(away).toHaveLength(1)
  await listen(port)
  await eventually(async () => expect((await told()).why).not.toContain('refuses the connection'), 20_000)
  expect((await told()).away).toEqual(away)
  server.close()
})
