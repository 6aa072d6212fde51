// Clusters in folders, with what backups and moves of their stores need: a store that is filled, backed up and compared.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { createBackup } from '../../src/main/store/backup/backup.ts'
import type { BackupSecret } from '../../src/main/store/backup/container.ts'
import { clusterFiles, type SnapshotLine, snapshotOf } from '../../src/main/store/backup/snapshot.ts'
import type { ObjectStore } from '../../src/main/store/contract.ts'
import type { MasterSecret } from '../../src/main/store/encryption/master-key.ts'
import { openSealedEngine } from '../../src/main/store/encryption/sealed-engine.ts'
import { openObjectStore } from '../../src/main/store/object-store.ts'
import { type EngineChoice, openEngine } from '../../src/main/store/open-engine.ts'
import { objectNamed } from '../suites/store-helpers.ts'
import { tempFolder } from './temp-folder.ts'

export const NEDB: EngineChoice = { engine: 'nedb' }
export const PASSPHRASE = 'correct horse battery staple'
/** In its place where nothing is said of passphrases: those take a moment each. */
export const KEY: MasterSecret = { kind: 'key', key: Buffer.alloc(32, 9) }

/** To be called once in a test file: what its tests open and use ends with each of them, the newest first. */
export function clusterFolders() {
  const ends: AsyncDisposable[] = []
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end[Symbol.asyncDispose]()
  })
  const use = <T extends AsyncDisposable>(resource: T): T => (ends.push(resource), resource)
  const folder = async () => use(await tempFolder()).path
  const open = async (choice: EngineChoice, dataDir: string, secret?: MasterSecret) =>
    use(await openObjectStore(await openSealedEngine(await openEngine(choice, dataDir), secret ? { secret } : {})))
  return { use, folder, open }
}

export async function fillCluster(store: ObjectStore, dataDir: string, count = 500): Promise<void> {
  await mkdir(join(dataDir, 'pki'), { recursive: true })
  await writeFile(join(dataDir, 'pki', 'ca.key'), 'the key of the authority')
  await Promise.all(
    Array.from({ length: count }, (_, i) =>
      store.create(`/registry/core/configmaps/default/c${i}`, objectNamed(`c${i}`, { n: i, text: '\u2028 🚢' })),
    ),
  )
  await store.create('/registry/core/secrets/default/s', objectNamed('s', { password: 'very-secret-text' }))
}

export const backUp = async (
  store: ObjectStore,
  dataDir: string,
  { label = 'backup', secret = KEY }: { readonly label?: string; readonly secret?: BackupSecret } = {},
) => {
  const { revision, count, lines } = snapshotOf(store)
  const all = async function* (): AsyncGenerator<SnapshotLine, void> {
    yield* clusterFiles(dataDir)
    yield* lines
  }
  return createBackup({
    folder: join(dataDir, 'backups'),
    label,
    passphrase: secret,
    source: { revision, count, lines: all() },
  })
}

/** Everything but the revisions, which move. */
export const contentOf = (store: ObjectStore) =>
  store.list('/').items.map(({ key, object: { metadata, ...rest } }) => {
    const { resourceVersion: _, ...kept } = metadata
    return [key, { ...rest, metadata: kept }]
  })

export const failure = (attempt: Promise<unknown>) =>
  attempt.then(
    () => ({ code: 'none' }),
    (error: unknown) => error as { code: string; message: string },
  )
