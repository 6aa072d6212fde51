// Brings a container's image to this node, by its pull policy and with back-off.
import type { Container, Pod, Secret } from '../../../shared/api/core/v1.ts'
import type { EventRecorder } from '../../../shared/client/events.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import { formatDuration } from '../../../shared/machinery/duration.ts'
import { containerReference } from '../references.ts'
import type { ContainerRuntime, PullProgress, RuntimeImage } from '../runtime/contract.ts'
import type { ObjectSource } from '../spec/env.ts'
import { CrashBackoff } from '../sync/crash-backoff.ts'
import { StartError } from '../sync/start-error.ts'
import type { PullRecords } from './pull-records.ts'
import { type PullCredential, credentialsFor } from './pull-secrets.ts'
import { SharedPulls } from './shared-pulls.ts'

export interface ImagePullerOptions {
  readonly runtime: ContainerRuntime
  readonly objects: ObjectSource
  readonly recorder: EventRecorder
  readonly records: PullRecords
  readonly clock: Clock
  /** Told the id of every image that was pulled. */
  readonly onPulled: (id: string) => Promise<void>
}

/** Name, tag and digest in Docker's grammar, bounded so that matching stays linear. */
const REFERENCE =
  /^(?:[a-zA-Z0-9][a-zA-Z0-9.-]{0,252}(?::\d{1,5})?\/)?[a-z0-9][a-z0-9._/-]{0,254}(?::\w[\w.-]{0,127})?(?:@[a-zA-Z0-9+._-]{1,32}:[a-fA-F0-9]{32,128})?$/

const isLatest = (image: string): boolean => !image.includes('@') && (/:latest$/.test(image) || !/:[^/]+$/.test(image))

export const pullPolicyOf = (container: Container): string =>
  container.imagePullPolicy ?? (isLatest(container.image ?? '') ? 'Always' : 'IfNotPresent')

/** A pull that takes longer tells how far it is, this often. */
const PROGRESS_MS = 15_000
const MEBIBYTE = 1024 ** 2

const describeProgress = ({ doneBytes, totalBytes }: PullProgress): string =>
  `${Math.floor((100 * doneBytes) / Math.max(1, totalBytes))} % of ${Math.ceil(totalBytes / MEBIBYTE)} MiB`

export class ImagePuller {
  readonly #options: ImagePullerOptions
  readonly #backoff: CrashBackoff
  /** By backoff key: when the last pull failed, and why. */
  readonly #failed = new Map<string, { readonly at: number; readonly why: string }>()
  readonly #pulls = new SharedPulls()

  constructor(options: ImagePullerOptions) {
    this.#options = options
    this.#backoff = new CrashBackoff(options.clock)
  }

  /** @throws StartError with the waiting reason: ErrImagePull, ImagePullBackOff, ErrImageNeverPull, InvalidImageName */
  async ensure(pod: Pod, container: Container, signal: AbortSignal): Promise<RuntimeImage> {
    const { runtime, recorder } = this.#options
    const image = container.image ?? ''
    const about = containerReference(pod, container.name)
    if (!REFERENCE.test(image) && !/^sha256:[a-f0-9]{64}$/.test(image)) {
      const message = `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`
      recorder.event(about, 'Warning', 'InspectFailed', message)
      throw new StartError('InvalidImageName', message)
    }
    const policy = pullPolicyOf(container)
    const found = policy === 'Always' ? undefined : await runtime.findImage(image)
    if (found && (await this.#mayUse(pod, image, found.id))) {
      const message = `Container image "${image}" already present on machine and can be accessed by the pod`
      recorder.event(about, 'Normal', 'Pulled', message)
      return found
    }
    // Whether somebody else has it here is not told.
    if (policy === 'Never') {
      const message = `Container image "${image}" is not present with pull policy of Never`
      recorder.event(about, 'Warning', 'ErrImageNeverPull', message)
      throw new StartError('ErrImageNeverPull', message)
    }
    const pulled = await this.#pullWithBackoff(pod, container, image, signal)
    await this.#options.onPulled(pulled.id)
    return pulled
  }

  #mayUse(pod: Pod, image: string, id: string): Promise<boolean> {
    return this.#options.records.mayUse(image, id, async () => credentialsFor(image, await this.#secretsOf(pod)))
  }

  async #pullWithBackoff(pod: Pod, container: Container, image: string, signal: AbortSignal): Promise<RuntimeImage> {
    const { runtime, recorder, clock } = this.#options
    const about = containerReference(pod, container.name)
    const key = `${pod.metadata.uid}/${image}`
    const { waitMs, delayMs } = this.#backoff.remaining(key, this.#failed.get(key)?.at ?? 0)
    if (waitMs > 0) {
      const message = `Back-off pulling image "${image}"`
      recorder.event(about, 'Normal', 'BackOff', message)
      const why = this.#failed.get(key)?.why
      throw new StartError('ImagePullBackOff', why === undefined ? message : `${message}: ErrImagePull: ${why}`, waitMs)
    }
    recorder.event(about, 'Normal', 'Pulling', `Pulling image "${image}"`)
    const startedAt = clock.monotonic()
    try {
      await this.#pull(pod, container, image, signal)
    } catch (error) {
      const message = (error as Error).message
      // One that was given up says nothing about the image.
      if (!signal.aborted) {
        this.#backoff.next(key)
        this.#failed.set(key, { at: clock.now(), why: message })
        recorder.event(about, 'Warning', 'Failed', `Failed to pull image "${image}": ${message}`)
      }
      throw new StartError('ErrImagePull', message, Math.max(delayMs, 1))
    }
    const took = formatDuration(Math.round(clock.monotonic() - startedAt))
    const pulled = await runtime.findImage(image)
    if (!pulled) throw new StartError('ErrImagePull', `image "${image}" is missing after it was pulled`)
    const size = `Image size: ${pulled.sizeBytes} bytes.`
    const message = `Successfully pulled image "${image}" in ${took} (${took} including waiting). ${size}`
    recorder.event(about, 'Normal', 'Pulled', message)
    return pulled
  }

  async #pull(pod: Pod, container: Container, image: string, signal: AbortSignal): Promise<void> {
    const secrets = await this.#secretsOf(pod)
    const key = `${image} ${secrets.map(({ metadata }) => `${metadata.uid}/${metadata.resourceVersion}`).join(' ')}`
    const { recorder, clock } = this.#options
    let stopTelling: () => void = () => undefined
    const tellLater = () => {
      stopTelling = clock.after(PROGRESS_MS, () => {
        const progress = this.#pulls.progress(key)
        const message = `Pulling image "${image}": ${progress ? describeProgress(progress) : 'waiting for the registry'}`
        recorder.event(containerReference(pod, container.name), 'Normal', 'Pulling', message)
        tellLater()
      })
    }
    tellLater()
    try {
      await this.#pulls.join(key, (stop, onProgress) => this.#tryCredentials(image, secrets, stop, onProgress), signal)
    } finally {
      stopTelling()
    }
  }

  async #tryCredentials(
    image: string,
    secrets: readonly Secret[],
    signal: AbortSignal,
    onProgress: (progress: PullProgress) => void,
  ): Promise<void> {
    const { records } = this.#options
    const candidates = credentialsFor(image, secrets)
    const attempts = candidates.length > 0 ? candidates : [undefined]
    let failure: unknown
    await records.begins(image)
    try {
      for (const credential of attempts) {
        try {
          return await this.#pullWith(image, credential, signal, onProgress)
        } catch (error) {
          failure = error
        }
      }
    } finally {
      await records.ended(image)
    }
    throw failure
  }

  async #pullWith(
    image: string,
    credential: PullCredential | undefined,
    signal: AbortSignal,
    onProgress: (progress: PullProgress) => void,
  ): Promise<void> {
    const { runtime, records } = this.#options
    await runtime.pullImage(image, credential?.auth, signal, onProgress)
    const pulled = await runtime.findImage(image)
    if (pulled) await records.came(image, pulled.id, credential?.source)
  }

  /** Secrets that do not exist are left out, as upstream does: the pull then fails, or does not need them. */
  async #secretsOf(pod: Pod): Promise<Secret[]> {
    const names = (pod.spec.imagePullSecrets ?? []).map(({ name }) => name ?? '').filter(Boolean)
    const found = await Promise.all(
      names.map(name => this.#options.objects.secret(pod.metadata.namespace, name).catch(() => undefined)),
    )
    return found.filter(secret => secret !== undefined)
  }

  forget(podUid: string): void {
    this.#backoff.forget(`${podUid}/`)
    for (const key of this.#failed.keys()) if (key.startsWith(`${podUid}/`)) this.#failed.delete(key)
  }
}
