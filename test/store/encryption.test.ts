// Encryption at rest, over both engines: what lies on the disk, which key opens it, and how keys change.
import { randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Engine, type EngineWrite, StoreError } from '../../src/main/store/contract.ts'
import { openEtcdEngine } from '../../src/main/store/etcd/engine.ts'
import { type MasterSecret, readKeyFile } from '../../src/main/store/encryption/master-key.ts'
import { openSealedEngine, type SealedEngine } from '../../src/main/store/encryption/sealed-engine.ts'
import { DEFAULT_HISTORY_LIMITS } from '../../src/main/store/history/contract.ts'
import { openNedbEngine } from '../../src/main/store/nedb/engine.ts'
import { openObjectStore } from '../../src/main/store/object-store.ts'
import { operations } from '../../src/main/store/operations/operations.ts'
import { objectNamed, poll } from '../suites/store.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { EtcdServer } from './etcd-server.ts'
import { tempFolder, type TempFolder } from './temp-folder.ts'

const SECRET = '/registry/core/secrets/default/db'
const CONFIG = '/registry/core/configmaps/default/db'
const PLAIN = '{"kind":"Secret","metadata":{"name":"db"},"data":{"password":"aHVudGVyMg=="}}'
const key = (): MasterSecret => ({ kind: 'key', key: randomBytes(32) })
const passphrase = (text: string): MasterSecret => ({ kind: 'passphrase', passphrase: text })

interface Place extends AsyncDisposable {
  open(): Promise<Engine>
  /** Everything that lies on the disk or in etcd, as one text. */
  bytes(): Promise<string>
}

const places: Record<string, () => Promise<Place>> = {
  async nedb() {
    const folder = await tempFolder()
    return {
      open: () => openNedbEngine({ dataDir: folder.path, reserveBytes: 65_536 }),
      async bytes() {
        const store = join(folder.path, 'store')
        const names = (await readdir(store)).filter(name => name !== 'reserve')
        return (await Promise.all(names.map(name => readFile(join(store, name), 'latin1')))).join('\n')
      },
      [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
    }
  },
  async etcd() {
    const prefix = `/t${randomBytes(4).toString('hex')}`
    return {
      open: () => openEtcdEngine({ endpoints: [etcd.url], prefix }),
      async bytes() {
        const [start, end] = [`${prefix}/`, `${prefix}0`].map(text => Buffer.from(text).toString('base64'))
        const { kvs = [] } = await etcd.json('/v3/kv/range', { key: start, range_end: end })
        return (kvs as { value: string }[]).map(({ value }) => Buffer.from(value, 'base64').toString()).join('\n')
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
  },
}

let etcd: EtcdServer
beforeAll(async () => {
  etcd = await EtcdServer.start()
})
afterAll(() => etcd[Symbol.asyncDispose]())

const ends: AsyncDisposable[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end[Symbol.asyncDispose]()
})
const use = <T extends AsyncDisposable>(resource: T): T => (ends.push(resource), resource)
const valueOf = async (engine: Engine, wanted: string) => {
  for await (const batch of engine.load()) for (const { key, value } of batch) if (key === wanted) return value
  return undefined
}
const failure = (attempt: Promise<unknown>): Promise<StoreError> =>
  attempt.then(
    () => {
      throw new Error('it was not refused')
    },
    (error: unknown) => error as StoreError,
  )

describe.each(Object.keys(places))('encryption at rest on %s', name => {
  let place: Place
  const start = async () => (place = use(await places[name]!()))
  const open = async (secret?: MasterSecret): Promise<SealedEngine> =>
    use(await openSealedEngine(await place.open(), secret ? { secret } : {}))

  test('Secrets are sealed on the disk and plain for readers; everything else stays as it is', async () => {
    await start()
    const secret = key()
    const engine = await open(secret)
    await engine.commit([{ key: SECRET, value: PLAIN }])
    await engine.commit([{ key: CONFIG, value: '{"visible":true}' }])
    expect(await valueOf(engine, SECRET)).toBe(PLAIN)
    const bytes = await place.bytes()
    expect(bytes).not.toContain('aHVudGVyMg')
    expect(bytes).toContain('visible')
    expect(engine.encryption).toMatchObject({ encrypted: true, master: 'key' })
    await engine[Symbol.asyncDispose]()
    expect(await valueOf(await open(secret), SECRET)).toBe(PLAIN)
  })

  test('a missing key, a wrong key and a wrong passphrase are refused, each in words, and nothing changes', async () => {
    await start()
    const first = await open(passphrase('correct horse'))
    await first.commit([{ key: SECRET, value: PLAIN }])
    await first[Symbol.asyncDispose]()
    const before = await place.bytes()
    expect(await failure(open())).toMatchObject({
      code: 'KeyNeeded',
      opensWith: 'passphrase',
      message: expect.stringContaining('--encryption-passphrase-file') as string,
    })
    expect(await failure(open(passphrase('wrong')))).toMatchObject({
      code: 'WrongKey',
      message: "this is not the store's passphrase",
    })
    expect(await failure(open(key()))).toMatchObject({ code: 'KeyNeeded', opensWith: 'passphrase' })
    // The segments themselves: opening and closing may change the manifest only.
    const secrets = (text: string) => text.split('\n').filter(line => line.includes('sealed:'))
    expect(secrets(await place.bytes())).toEqual(secrets(before))
    expect(await valueOf(await open(passphrase('correct horse')), SECRET)).toBe(PLAIN)
  })

  test('encrypting a store that is plain seals what it holds, and leaves no plain text behind', async () => {
    await start()
    const before = await open()
    await before.commit([{ key: SECRET, value: PLAIN }])
    await before.commit([{ key: CONFIG, value: '{"visible":true}' }])
    expect(before.encryption).toEqual({ encrypted: false })
    await before[Symbol.asyncDispose]()
    expect(await place.bytes()).toContain('aHVudGVyMg')
    const engine = await open(key())
    expect(await place.bytes()).not.toContain('aHVudGVyMg')
    expect(await valueOf(engine, SECRET)).toBe(PLAIN)
    expect(await valueOf(engine, CONFIG)).toBe('{"visible":true}')
  })

  test('a new data key reseals everything, keeps every value, and readers see each change once', async () => {
    await start()
    const secret = key()
    const engine = await open(secret)
    for (let i = 0; i < 20; i++) await engine.commit([{ key: `${SECRET}${i}`, value: PLAIN }])
    const old = engine.encryption.dataKey!.id
    const seen: (string | null)[] = []
    engine.onCommit(records => seen.push(...records.flatMap(({ key, value }) => (key.startsWith(SECRET) ? value : []))))
    await engine.rotateDataKey()
    expect(engine.encryption.dataKey!.id).not.toBe(old)
    const bytes = await place.bytes()
    expect(bytes).not.toContain(`sealed:${old}:`)
    expect(bytes.split(`sealed:${engine.encryption.dataKey!.id}:`)).toHaveLength(21)
    expect(seen).toEqual(Array.from({ length: 20 }, () => PLAIN))
    await engine[Symbol.asyncDispose]()
    expect(await valueOf(await open(secret), `${SECRET}7`)).toBe(PLAIN)
  })

  test('a rotation that was interrupted is finished at the next start', async () => {
    await start()
    const secret = key()
    const engine = await open(secret)
    for (let i = 0; i < 3; i++) await engine.commit([{ key: `${SECRET}${i}`, value: PLAIN }])
    const old = engine.encryption.dataKey!.id
    // The program ends once the new key is written and one Secret of three is resealed.
    let resealed = 0
    engine.onCommit(records => {
      if (!records.some(({ key }) => key.startsWith(SECRET))) return
      if (++resealed === 1) void engine[Symbol.asyncDispose]()
    })
    await engine.rotateDataKey().catch(() => undefined)
    await engine[Symbol.asyncDispose]()
    expect(await place.bytes()).toContain(`sealed:${old}:`)
    const again = await open(secret)
    expect(await place.bytes()).not.toContain(`sealed:${old}:`)
    for (let i = 0; i < 3; i++) expect(await valueOf(again, `${SECRET}${i}`)).toBe(PLAIN)
  })

  test('a changed passphrase opens, the one before does not', async () => {
    await start()
    const engine = await open(passphrase('old'))
    await engine.commit([{ key: SECRET, value: PLAIN }])
    await engine.changeMasterSecret(passphrase('new'))
    await engine.commit([{ key: `${SECRET}2`, value: PLAIN }])
    await engine[Symbol.asyncDispose]()
    expect((await failure(open(passphrase('old')))).code).toBe('WrongKey')
    const again = await open(passphrase('new'))
    expect(await valueOf(again, SECRET)).toBe(PLAIN)
    expect(await valueOf(again, `${SECRET}2`)).toBe(PLAIN)
  })

  test('a sealed value that was put under another name is refused as damaged', async () => {
    await start()
    const secret = key()
    const engine = await open(secret)
    await engine.commit([{ key: SECRET, value: PLAIN }])
    await engine[Symbol.asyncDispose]()
    const bare = await place.open()
    const sealed = (await valueOf(bare, SECRET))!
    await bare.commit([{ key: `${SECRET}-copy`, value: sealed }])
    await bare[Symbol.asyncDispose]()
    const again = await open(secret)
    const error = await valueOf(again, `${SECRET}-copy`).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'Corrupt', message: expect.stringContaining(`${SECRET}-copy`) as string })
  })

  test('the object store above it shows objects only, never the keyring', async () => {
    await start()
    const store = use(await openObjectStore(await openSealedEngine(await place.open(), { secret: key() })))
    await store.create(SECRET, objectNamed('db', { password: 'x' }))
    expect(store.list('/').items.map(({ key }) => key)).toEqual([SECRET])
  })
})

test('on a shared store a control plane follows the rotation of another, and fails when it has no key', async () => {
  const place = use(await places['etcd']!())
  const secret = key()
  const [one, two] = [
    use(await openSealedEngine(await place.open(), { secret })),
    use(await openSealedEngine(await place.open(), { secret })),
  ]
  const seen: (string | null)[] = []
  two.onCommit(records => seen.push(...records.flatMap(({ key, value }) => (key === SECRET ? [value] : []))))
  await one.commit([{ key: SECRET, value: PLAIN }])
  await one.rotateDataKey()
  await poll(() => seen.length === 2)
  expect(seen).toEqual([PLAIN, PLAIN])
  await two.commit([{ key: SECRET, value: PLAIN }])
  expect(two.encryption.dataKey).toEqual(one.encryption.dataKey)

  const plain = use(await places['etcd']!())
  const without = use(await openSealedEngine(await plain.open()))
  without.onCommit(() => undefined)
  const other = use(await openSealedEngine(await plain.open(), { secret }))
  await other.commit([{ key: SECRET, value: PLAIN }])
  expect((await without.failed).code).toBe('KeyNeeded')
  expect(without.health().state).toBe('read-only')
  // Nor does it leave one there in plain text.
  expect(await failure(without.commit([{ key: `${SECRET}2`, value: PLAIN }]))).toMatchObject({ code: 'KeyNeeded' })
})

/** The same engine, but for how it commits or what it says of its settings. */
const but = (engine: Engine, other: Partial<Pick<Engine, 'commit' | 'setting'>>): Engine =>
  new Proxy(engine, {
    get(target, name: keyof Engine) {
      const member: unknown = (name === 'commit' || name === 'setting') && other[name] ? other[name] : target[name]
      return typeof member === 'function' ? (member as () => unknown).bind(target) : member
    },
  })

describe.each(Object.keys(places))('on %s, when the engine answers late or not at all', name => {
  const isKeyring = (writes: readonly EngineWrite[]) => writes.some(({ key }) => key.startsWith('/settings/'))

  test('a new data key is known whose writing was not answered', async () => {
    const place = use(await places[name]!())
    const secret = key()
    const engine = await place.open()
    let isLost = false
    const commit = async (writes: readonly EngineWrite[]) => {
      const revision = await engine.commit(writes)
      if (isLost && isKeyring(writes)) throw new StoreError('Unavailable', 'the answer was lost')
      return revision
    }
    const sealed = use(await openSealedEngine(but(engine, { commit }), { secret }))
    const before = sealed.encryption.dataKey!.id
    isLost = true
    expect(await failure(sealed.rotateDataKey())).toMatchObject({ code: 'Unavailable' })
    isLost = false
    expect(sealed.encryption.dataKey!.id).not.toBe(before)
    await sealed.commit([{ key: SECRET, value: PLAIN }])
    await sealed.rotateDataKey()
    expect(await valueOf(sealed, SECRET)).toBe(PLAIN)
  })

  test('the history keeps no Secret in plain text when a first encryption is cut off', async () => {
    const place = use(await places[name]!())
    const secret = key()
    const entry = { key: SECRET, revision: 1, atMs: Date.now(), deleted: false, hash: '00000000', value: PLAIN }
    const plain = await openSealedEngine(await place.open())
    const past = await plain.openHistory(DEFAULT_HISTORY_LIMITS)
    await past.append([entry])
    await past[Symbol.asyncDispose]()
    await plain[Symbol.asyncDispose]()
    const engine = await place.open()
    const commit = async (writes: readonly EngineWrite[]) => {
      await engine.commit(writes)
      throw new StoreError('Unavailable', 'cut off')
    }
    expect(await failure(openSealedEngine(but(engine, { commit }), { secret }))).toMatchObject({ code: 'Unavailable' })
    const again = use(await openSealedEngine(await place.open(), { secret }))
    await using history = await again.openHistory(DEFAULT_HISTORY_LIMITS)
    expect(await history.keys('/')).toEqual([])
  })

  test('no data key goes while a rotation before has not resealed everything, however long ago that was', async () => {
    const place = use(await places[name]!())
    const secret = key()
    const clock = new ManualClock()
    const engine = await place.open()
    let isFull = false
    const commit = (writes: readonly EngineWrite[]) =>
      isFull && !isKeyring(writes) ? Promise.reject(new StoreError('NoSpace', 'full')) : engine.commit(writes)
    const sealed = use(await openSealedEngine(but(engine, { commit }), { secret, clock }))
    await sealed.commit([{ key: SECRET, value: PLAIN }])
    isFull = true
    expect(await failure(sealed.rotateDataKey())).toMatchObject({ code: 'NoSpace' })
    isFull = false
    clock.jump(9 * 86_400_000)
    await sealed.rotateDataKey()
    expect(await valueOf(sealed, SECRET)).toBe(PLAIN)
  })
})

test('a control plane that starts while another one rotates knows the newest data key', async () => {
  const place = use(await places['etcd']!())
  const secret = key()
  const one = use(await openSealedEngine(await place.open(), { secret }))
  const engine = await place.open()
  let asked = 0
  const setting = async (name: string) => {
    const found = await engine.setting(name)
    if (asked++ > 0) return found
    await one.rotateDataKey()
    await poll(() => engine.revision >= one.revision)
    return found
  }
  const two = use(await openSealedEngine(but(engine, { setting }), { secret }))
  expect(two.encryption.dataKey).toEqual(one.encryption.dataKey)
})

test('two control planes that rotate at once lose no data key, and what either sealed opens everywhere', async () => {
  const place = use(await places['etcd']!())
  const secret = key()
  const open = async () => use(await openSealedEngine(await place.open(), { secret }))
  const [one, two] = [await open(), await open()]
  for (let round = 0; round < 4; round++)
    await Promise.all([
      one.rotateDataKey(),
      two.rotateDataKey(),
      ...[one, two].map((engine, at) => engine.commit([{ key: `${SECRET}-${round}-${at}`, value: PLAIN }])),
    ])
  for (const engine of [one, two, await open()])
    for (let round = 0; round < 4; round++)
      for (const at of [0, 1]) expect(await valueOf(engine, `${SECRET}-${round}-${at}`)).toBe(PLAIN)
})

test('a control plane that was not told the new passphrase cannot write over the keys of those that were', async () => {
  const place = use(await places['etcd']!())
  const open = async (text: string) => use(await openSealedEngine(await place.open(), { secret: passphrase(text) }))
  const [told, untold] = [await open('old'), await open('old')]
  await told.changeMasterSecret(passphrase('new'))
  await told.rotateDataKey()
  await told.commit([{ key: SECRET, value: PLAIN }])
  await poll(() => untold.revision === told.revision)
  const refused = { code: 'WrongKey', message: expect.stringContaining('restart') as string }
  for (const attempt of [untold.rotateDataKey(), untold.changeMasterSecret(passphrase('other'))])
    await expect(attempt).rejects.toMatchObject(refused)
  expect(await valueOf(await open('new'), SECRET)).toBe(PLAIN)
})

describe('while another control plane of the same store runs that was not told the key', () => {
  const TOLD = 'flotilla.dev/encryption-master-key'
  /** As it says itself; renewed now. */
  const lease = (told: string | undefined, holderIdentity = 'two') =>
    ({
      ...objectNamed('apiserver-two'),
      kind: 'Lease',
      metadata: {
        ...objectNamed('apiserver-two').metadata,
        labels: { 'apiserver.kubernetes.io/identity': 'kube-apiserver', 'kubernetes.io/hostname': 'desk' },
        annotations: { 'flotilla.dev/api-server-urls': '["https://192.0.2.2:6443"]', ...(told ? { [TOLD]: told } : {}) },
      },
      spec: { holderIdentity, renewTime: new Date().toISOString() },
    }) as unknown as ReturnType<typeof objectNamed> // prettier-ignore
  const KEY = '/registry/coordination.k8s.io/leases/kube-system/apiserver-two'

  test('the data key is not rotated, and the refusal names it; once it was told or has ended, it is', async () => {
    const place = use(await places['etcd']!())
    const engine = await openSealedEngine(await place.open(), { secret: key() })
    const store = use(await openObjectStore(engine, { compactEveryMs: 0 }))
    const before = engine.encryption.masterKeyId
    let { revision } = await store.create(KEY, lease(before))
    const rotate = async () => {
      for await (const event of operations['rotate-encryption-key']({ store, engine, dataDir: '' }))
        if (event.type === 'result') return 'rotated'
      return 'not rotated'
    }
    expect(await rotate()).toBe('rotated')
    await engine.changeMasterSecret(key())
    expect(engine.encryption.masterKeyId).not.toBe(before)
    const { dataKey } = engine.encryption
    await expect(rotate()).rejects.toMatchObject({
      code: 'KeyNeeded',
      message: expect.stringMatching(/^the control plane on desk \(https:\/\/192\.0\.2\.2:6443\) .*run flotilla encryption adopt-key there, or restart it with the new one/) as string,
    }) // prettier-ignore
    expect(engine.encryption.dataKey).toEqual(dataKey)
    ;({ revision } = await store.update(KEY, lease(engine.encryption.masterKeyId), revision))
    expect(await rotate()).toBe('rotated')
    await store.update(KEY, lease(before, ''), revision)
    expect(await rotate()).toBe('rotated')
  })

  test('a plain store is not encrypted', async () => {
    const place = use(await places['etcd']!())
    const plain = use(await openObjectStore(await openSealedEngine(await place.open()), { compactEveryMs: 0 }))
    const { revision } = await plain.create(KEY, lease(undefined))
    const secret = key()
    expect(await failure(place.open().then(engine => openSealedEngine(engine, { secret })))).toMatchObject({
      code: 'KeyNeeded',
      message: expect.stringMatching(/stop it, start this one, then start it again/) as string,
    })
    const untold = use(await openSealedEngine(await place.open()))
    expect(await failure(untold.changeMasterSecret(secret))).toMatchObject({ code: 'KeyNeeded' })
    await plain.update(KEY, lease(undefined, ''), revision)
    await plain[Symbol.asyncDispose]()
    expect(use(await openSealedEngine(await place.open(), { secret })).encryption.encrypted).toBe(true)
  })

  test('a key that another one has changed is handed over to one that runs, which goes on with the others', async () => {
    const place = use(await places['etcd']!())
    const [old, next] = [key(), key()]
    const open = async () => use(await openSealedEngine(await place.open(), { secret: old }))
    const [one, two] = [await open(), await open()]
    await one.changeMasterSecret(next)
    await poll(() => two.encryption.outdated === true)
    expect(await failure(two.adoptMasterSecret(key()))).toMatchObject({ code: 'WrongKey' })
    expect(two.encryption.outdated).toBe(true)
    await two.adoptMasterSecret(next)
    expect(two.encryption).toEqual(one.encryption)
    await one.rotateDataKey()
    await one.commit([{ key: SECRET, value: PLAIN }])
    await poll(() => two.revision === one.revision)
    expect(await valueOf(two, SECRET)).toBe(PLAIN)
    await two.rotateDataKey()
    const plain = use(await openSealedEngine(await use(await places['etcd']!()).open()))
    expect(await failure(plain.adoptMasterSecret(next))).toMatchObject({ code: 'KeyNeeded' })
  })

  test('a passphrase that another one has changed is told in the status', async () => {
    const place = use(await places['etcd']!())
    const secret = key()
    const open = async () => use(await openSealedEngine(await place.open(), { secret }))
    const [one, two] = [await open(), await open()]
    await one.changeMasterSecret(key())
    await poll(() => two.encryption.outdated === true)
    expect(one.encryption.outdated).toBeUndefined()
  })
})

describe('readKeyFile()', () => {
  let folder: TempFolder
  const read = async (content: string | Buffer) => {
    folder = use(await tempFolder())
    const path = join(folder.path, 'key')
    await writeFile(path, content)
    return readKeyFile(path)
  }
  const bytes = Buffer.alloc(32, 7)

  test.each([
    ['32 bytes', bytes],
    ['hexadecimal digits', `${bytes.toString('hex')}\n`],
    ['base64', `${bytes.toString('base64')}\n`],
  ])('takes %s', async (_name, content) => expect(await read(content)).toEqual({ kind: 'key', key: bytes }))

  test('refuses another length, and says how a key is made', async () => {
    await expect(read('short')).rejects.toThrow('openssl rand -base64 32')
  })
})
