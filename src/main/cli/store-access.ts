// A command's way to a store: through the server that runs on the data folder, else by opening the store itself.
import { request } from 'node:https'
import { join } from 'node:path'
import { dataDirLayout, isThere, noCluster } from '../data-folder/data-dir.ts'
import { readKubeconfig } from '../data-folder/kubeconfig-file.ts'
import { openSealedEngine, type SealedEngine } from '../store/encryption/sealed-engine.ts'
import { openEngine, type EngineChoice } from '../store/open-engine.ts'
import { openObjectStore } from '../store/object-store.ts'
import { type OperationEvent, type OperationName, operations } from '../store/operations/operations.ts'
import { type EncryptionFlags, encryptionSecret } from './encryption-flags.ts'
import { runningServer } from '../data-folder/running-server.ts'
import { CommandError } from '../process/usage-error.ts'

export interface StoreAccess extends AsyncDisposable {
  /** Ends after the result. @throws CommandError | StoreError */
  run(operation: OperationName): AsyncIterable<OperationEvent>
  /** The engine, when this process holds it. */
  readonly engine: SealedEngine | undefined
}

/** An engine that is opened where none is would make one. @throws CommandError */
export function requireCluster(dataDir: string, { engine }: EngineChoice): void {
  if (engine === 'nedb' && !isThere(join(dataDir, 'format.json'))) throw new CommandError(noCluster(dataDir))
}

/** @throws CommandError when there is no cluster, StoreError when its store cannot be opened */
export async function openStoreAccess(
  dataDir: string,
  choice: EngineChoice,
  flags: EncryptionFlags,
): Promise<StoreAccess> {
  if (runningServer(dataDir)) return onServer(dataDir)
  requireCluster(dataDir, choice)
  const secret = await encryptionSecret(flags)
  const engine = await openSealedEngine(await openEngine(choice, dataDir), secret ? { secret } : {})
  const store = await openObjectStore(engine, { compactEveryMs: 0 })
  const parts = { store, engine, dataDir }
  return {
    engine,
    run: operation => operations[operation](parts),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}

const onServer = (dataDir: string): StoreAccess => ({
  engine: undefined,
  run: operation => callServer(dataDir, { operation }),
  [Symbol.asyncDispose]: () => Promise.resolve(),
})

/** @param body the operation, and what it wants to be given */
export async function* callServer(
  dataDir: string,
  body: { readonly operation: string; readonly secret?: object },
): AsyncGenerator<OperationEvent, void> {
  const { server, ca, cert, key } = readKubeconfig(dataDirLayout(dataDir).kubeconfig)
  const answer = await new Promise<AsyncIterable<Buffer>>((resolve, reject) => {
    const call = request(
      `${server}/apis/flotilla.dev/v1/storeoperations`,
      { method: 'POST', ca, cert, key, headers: { 'content-type': 'application/json' } },
      response => {
        if (response.statusCode === 200) return resolve(response)
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        response.on('end', () =>
          reject(new CommandError(`the server answered ${response.statusCode}: ${text.slice(0, 300)}`)),
        )
      },
    )
    call.on('error', error => reject(new CommandError(`${server} does not answer: ${error.message}`)))
    call.end(JSON.stringify(body))
  })
  let rest = ''
  let ended = false
  const decoder = new TextDecoder()
  for await (const chunk of answer) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const event = JSON.parse(line) as OperationEvent
      if (event.type === 'error') throw new CommandError(event.message)
      ended ||= event.type === 'result'
      yield event
    }
  }
  if (!ended) throw new CommandError('the server went away before it was done')
}
