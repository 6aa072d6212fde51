// The AuthenticationConfiguration's file is read again when it changes: issuers come, change and go while the server
// runs. What cannot be read, or says something else of anonymous requests, changes nothing.
// @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration
import { createHash } from 'node:crypto'
import { type FSWatcher, watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import type { TokenMethod, VerifiedToken } from './bearer-tokens.ts'
import type { OidcIssuer } from './oidc/id-tokens.ts'
import { type AuthenticationFile, readAuthenticationConfiguration } from './settings.ts'

/** Where the system does not tell of changes. */
const LOOK_MS = 60_000

const hashOf = (text: string) => (text === '' ? '' : `sha256:${createHash('sha256').update(text).digest('hex')}`)

interface Parts {
  readonly methodOf: (issuer: OidcIssuer) => TokenMethod
  readonly clock: Clock
  readonly log: Log
}

export class ConfiguredIssuers implements TokenMethod, Disposable {
  readonly name = 'oidc'
  readonly #file: AuthenticationFile
  readonly #parts: Parts
  #methods: readonly TokenMethod[]
  /** What was taken last, or refused for good. */
  #seen: string
  #looking: Promise<void> = Promise.resolve()
  #watcher: FSWatcher | undefined
  #cancel: () => void = () => undefined
  #isOver = false
  #taken: (text: string) => void = () => undefined
  #failed: () => void = () => undefined

  constructor(file: AuthenticationFile, issuers: readonly OidcIssuer[], parts: Parts) {
    this.#file = file
    this.#parts = parts
    this.#seen = file.text
    this.#methods = issuers.map(parts.methodOf)
    this.#watch()
    this.#lookLater()
  }

  async verify(token: string, audiences: readonly string[]): Promise<VerifiedToken | undefined> {
    for (const method of this.#methods) {
      const verified = await method.verify(token, audiences)
      if (verified) return verified
    }
    return undefined
  }

  /** @param identity the name of this API server among others */
  measure(registry: Registry, identity: string): void {
    const [id, registers] = [hashOf(identity), [registry]]
    const name = (rest: string) => `apiserver_authentication_config_controller_${rest}`
    const labelNames = ['status', 'apiserver_id_hash'] as const
    const reloads = new Counter({
      ...{ name: name('automatic_reloads_total'), labelNames, registers },
      help: 'How often the authentication configuration was read again, and how that ended.',
    })
    const last = new Gauge({
      ...{ name: name('automatic_reload_last_timestamp_seconds'), labelNames, registers },
      help: 'When the authentication configuration was read again last.',
    })
    const info = new Gauge({
      ...{ name: name('last_config_info'), labelNames: ['apiserver_id_hash', 'hash'] as const, registers },
      help: 'Which authentication configuration is in force.',
    })
    const note = (status: 'success' | 'failure') => {
      reloads.inc({ status, apiserver_id_hash: id })
      last.set({ status, apiserver_id_hash: id }, this.#parts.clock.now() / 1000)
    }
    const tell = (text: string) => {
      info.reset()
      info.set({ apiserver_id_hash: id, hash: hashOf(text) }, 1)
    }
    tell(this.#file.text)
    this.#failed = () => note('failure')
    this.#taken = text => {
      note('success')
      tell(text)
    }
  }

  /** Of the folder: editors, and volumes of ConfigMaps, put another file in its place. */
  #watch(): void {
    const { log } = this.#parts
    try {
      this.#watcher = watch(dirname(this.#file.path), { persistent: false }, () => this.#look())
      this.#watcher.on('error', error => log.warn({ err: error }, 'the folder of a configuration is not watched'))
    } catch (error) {
      log.warn({ err: error }, 'the folder of a configuration is not watched')
    }
  }

  #lookLater(): void {
    this.#cancel = this.#parts.clock.after(LOOK_MS, () => {
      this.#look()
      this.#lookLater()
    })
  }

  #look(): void {
    const { log } = this.#parts
    this.#looking = this.#looking
      .then(() => (this.#isOver ? undefined : this.#read()))
      .catch((error: unknown) => {
        log.error({ err: error, file: this.#file.path }, 'the authentication configuration was not read again')
        this.#failed()
      })
  }

  /** @throws Error that says what is wrong */
  async #read(): Promise<void> {
    const { log, methodOf } = this.#parts
    const text = await readFile(this.#file.path, 'utf8')
    if (text === this.#seen) return
    this.#seen = text
    const { issuers = [], anonymous } = await readAuthenticationConfiguration(text)
    if (JSON.stringify(anonymous) !== JSON.stringify(this.#file.anonymous))
      throw new Error('anonymous: Forbidden: changed from initial configuration file')
    if (this.#isOver) return
    this.#methods = issuers.map(methodOf)
    log.info({ file: this.#file.path }, 'the authentication configuration was read again')
    this.#taken(text)
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#watcher?.close()
    this.#cancel()
  }
}
