// The etcd engine passes the contract over a real etcd; every test has a prefix of its own.
import { afterAll, beforeAll } from 'vitest'
import { openEtcdEngine } from '../../src/main/store/etcd/engine.ts'
import { storeSuite } from '../suites/store.ts'
import { EtcdServer } from './etcd-server.ts'

let server: EtcdServer
let prefixes = 0

beforeAll(async () => {
  server = await EtcdServer.start()
})
afterAll(() => server[Symbol.asyncDispose]())

storeSuite(
  'etcd',
  async () => {
    const prefix = `/flotilla-${++prefixes}`
    return { open: () => openEtcdEngine({ endpoints: [server.url], prefix }), dispose: () => Promise.resolve() }
  },
  { callOrder: 'per-key' },
)
