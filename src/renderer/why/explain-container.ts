// Why a container of a pod does not run or is not ready: image, configuration, its own end, its probes.
import {
  ConfigMap,
  type Container,
  type ContainerStatus,
  type Event,
  type Pod,
  type Probe,
  Secret,
} from '../../shared/api/core/v1.ts'
import type { AnyObject } from '../../shared/machinery/object.ts'
import { eventMessage, eventTime } from '../kinds/event-facts.ts'
import { type ObjectRef, refTo } from '../world/world.ts'
import { type Cause, type Evidence, type Fix, type Scene, because, fact } from './cause.ts'
import { eventsAbout, warningFact } from './events.ts'
import { explainReach } from './explain-reach.ts'
import { cluesIn } from './log-clues.ts'
import { t } from '../i18n/i18n.ts'

interface Case {
  readonly pod: Pod
  readonly ref: ObjectRef
  readonly container: Container
  readonly status: ContainerStatus
  readonly isInit: boolean
  readonly scene: Scene
  /** Where the pod's template is edited: its top controller, or the pod itself. */
  readonly template: ObjectRef
}

const nameOf = ({ container, isInit }: Case) => `${isInit ? t('init container') : t('container')} ${container.name}`
const editFix = ({ template }: Case, what: string): Fix => ({
  kind: 'edit',
  title: t('Edit {what} in {kind} {name}', { what, kind: template.type.kind, name: template.name }),
  ref: template,
})
const logsFix = ({ ref, container }: Case, previous: boolean): Fix => ({
  kind: 'logs',
  title: previous ? t('Logs of the run that ended') : t('Logs'),
  ref,
  container: container.name,
  previous,
})

const PULL_PROBLEMS: readonly { code: string; pattern: RegExp; text: (image: string) => string }[] = [
  {
    code: 'image-registry',
    pattern: /no such host|dial tcp|timeout|connection refused|TLS handshake|certificate|EOF|server misbehaving/i,
    text: image => t('the registry of image {image} cannot be reached', { image }),
  },
  {
    code: 'image-denied',
    pattern: /unauthorized|denied|authentication required|no basic auth|forbidden/i,
    text: image => t('the registry does not give image {image} without a valid pull secret', { image }),
  },
  {
    code: 'image-unknown',
    pattern: /not found|manifest unknown|does not exist|no such image|name unknown/i,
    text: image => t('image {image} does not exist in its registry', { image }),
  },
]

function explainImage(of: Case, reason: string, message: string): Cause {
  const { image = '' } = of.container
  const edit = [editFix(of, t('the image'))]
  if (reason === 'InvalidImageName')
    return because('image-name', of.ref, t('“{image}” is not a valid image name', { image }), { fixes: edit })
  if (reason === 'ErrImageNeverPull')
    return because(
      'image-never',
      of.ref,
      t('image {image} is not on the node and its pull policy is Never', { image }),
      {
        evidence: [fact(message, t('container status'))],
        fixes: edit,
      },
    )
  const evidence = warningFact(of.scene.world, of.pod, 'Failed', 'ErrImagePull')
  const told = [message, ...evidence.map(each => (each.kind === 'fact' ? each.text : ''))].join('\n')
  const problem = PULL_PROBLEMS.find(({ pattern }) => pattern.test(told))
  return because(
    problem?.code ?? 'image-pull',
    of.ref,
    problem?.text(image) ?? t('image {image} cannot be pulled', { image }),
    {
      evidence: evidence.length ? evidence : message ? [fact(message, t('container status'))] : [],
      fixes: edit,
    },
  )
}

const MISSING = /^(configmap|secret) "([^"]+)" not found/
const MISSING_KEY = /couldn't find key (\S+) in (ConfigMap|Secret) (?:[^/]+\/)?(\S+)/

function explainConfig(of: Case, message: string): Cause {
  const namespace = of.pod.metadata.namespace
  const evidence = message ? [fact(message, t('container status'))] : []
  const missing = MISSING.exec(message)
  if (missing?.[2]) {
    const type = missing[1] === 'secret' ? Secret : ConfigMap
    const [, , name] = missing
    const draft = {
      apiVersion: 'v1',
      kind: type.kind,
      metadata: { name, namespace },
      ...(type === Secret ? { stringData: {} } : { data: {} }),
    } as unknown as AnyObject
    return because(
      'config-missing',
      of.ref,
      t('{kind} {name}, which {of} needs, does not exist in {namespace}', {
        kind: type.kind,
        name,
        of: nameOf(of),
        namespace,
      }),
      {
        evidence,
        fixes: [
          { kind: 'create', title: t('Create {kind} {name}', { kind: type.kind, name }), draft },
          editFix(of, t('the reference')),
        ],
      },
    )
  }
  const key = MISSING_KEY.exec(message)
  if (key?.[1] && key[3]) {
    const type = key[2] === 'Secret' ? Secret : ConfigMap
    return because(
      'config-key',
      of.ref,
      t('{kind} {name} has no key {key}, which {of} needs', {
        kind: type.kind,
        name: key[3],
        key: key[1],
        of: nameOf(of),
      }),
      {
        evidence,
        fixes: [
          {
            kind: 'edit',
            title: t('Edit {kind} {name}', { kind: type.kind, name: key[3] }),
            ref: { type, namespace, name: key[3] },
          },
          editFix(of, t('the reference')),
        ],
      },
    )
  }
  return because('config', of.ref, t('{of} cannot be configured', { of: nameOf(of) }), {
    evidence,
    fixes: [editFix(of, t('the container'))],
  })
}

const COMMAND_PROBLEM =
  /executable file not found|no such file or directory|permission denied|exec format error|not a directory/i

function explainCreate(of: Case, reason: string, message: string): Cause {
  const isCommand = COMMAND_PROBLEM.test(message)
  const command = of.container.command?.[0]
  return because(
    isCommand ? 'command' : 'create',
    of.ref,
    isCommand
      ? t('the command {command} of {of} cannot be run', { command: command ?? '', of: nameOf(of) }).replace('  ', ' ')
      : t('{of} cannot be started', { of: nameOf(of) }),
    { evidence: [fact(message || reason, t('container status'))], fixes: [editFix(of, t('the command'))] },
  )
}

/** How runtimes tell that a container could not be started at all. */
const NEVER_RAN = new Set(['StartError', 'ContainerCannotRun'])
const NOT_EXECUTABLE = 126
const NOT_FOUND = 127

/** The newest failure of these probes, of this container. */
const probeFailure = ({ scene, pod, container }: Case, probes: RegExp, since?: string) =>
  eventsAbout(scene.world, pod, 'Unhealthy').find(
    event => probes.test(eventMessage(event)) && isOf(event, container) && isNotBefore(event, since),
  )
const isOf = ({ involvedObject: { fieldPath } }: Event, { name }: Container) =>
  fieldPath === undefined || fieldPath.endsWith(`{${name}}`)
const isNotBefore = (event: Event, time: string | undefined) =>
  time === undefined || Date.parse(eventTime(event) ?? '') >= Date.parse(time)

/** In good order, or as one that was told to end and killed when it did not. */
const ENDS_WHEN_TOLD = new Set([0, 143, 137])
/** Where a pod has very many events, those of its later runs are dropped: what was told before goes on then. */
const isToldOf = ({ scene, pod, container }: Case, startedAt: string | undefined) => {
  const newest = eventsAbout(scene.world, pod, 'Started').find(event => isOf(event, container))
  return newest === undefined || isNotBefore(newest, startedAt)
}

/** Why a container ended, out of its exit code and what was reported before. */
export function explainEnd(of: Case): Cause {
  const { status, container, ref } = of
  const ended = status.state?.terminated ?? status.lastState?.terminated
  // When it has been started again, the run that ended is the one before.
  const previous = status.state?.terminated === undefined
  const log: Evidence = { kind: 'log', pod: ref, container: container.name, previous }
  const fixes = [logsFix(of, previous), editFix(of, t('the container'))]
  if (!ended) return because('crash', ref, t('{of} keeps ending', { of: nameOf(of) }), { evidence: [log], fixes })
  if (ended.reason === 'OOMKilled') {
    const limit = container.resources?.limits?.memory
    return because(
      'oom',
      ref,
      limit === undefined
        ? t('{of} was killed for using more memory than the node has', { of: nameOf(of) })
        : t('{of} was killed for using more memory than its limit of {limit}', { of: nameOf(of), limit }),
      {
        evidence: [log],
        fixes: [editFix(of, t('the memory limit')), logsFix(of, previous)],
      },
    )
  }
  if (NEVER_RAN.has(ended.reason ?? '')) return explainCreate(of, ended.reason ?? '', ended.message ?? '')
  // One that fails in a run ends it, however orderly the program then ends; those of runs before say nothing of this one.
  const mayBeOlder = ENDS_WHEN_TOLD.has(ended.exitCode) && !isToldOf(of, ended.startedAt)
  const liveness = probeFailure(of, /^(Liveness|Startup) probe failed/, mayBeOlder ? undefined : ended.startedAt)
  if (liveness)
    return because(
      'liveness',
      ref,
      t('{of} is killed since its {probe} probe fails', {
        of: nameOf(of),
        probe: /^Startup/.test(eventMessage(liveness)) ? 'startup' : 'liveness',
      }),
      {
        evidence: [fact(eventMessage(liveness), t('event Unhealthy')), log],
        fixes: [editFix(of, t('the probe')), logsFix(of, previous)],
      },
    )
  const code = ended.exitCode
  const evidence = [...(ended.message ? [fact(ended.message, t('termination message'))] : []), log]
  if (code === NOT_FOUND || code === NOT_EXECUTABLE)
    return because(
      'command',
      ref,
      t(
        code === NOT_FOUND
          ? 'the command of {of} is not found (exit code {code})'
          : 'the command of {of} is not executable (exit code {code})',
        { of: nameOf(of), code },
      ),
      { evidence, fixes: [editFix(of, t('the command')), logsFix(of, previous)] },
    )
  if (code === 0)
    return because(
      'ends',
      ref,
      t('{of} ends by itself without an error, although it should keep running', { of: nameOf(of) }),
      {
        evidence,
        fixes: [editFix(of, t('the command')), logsFix(of, previous)],
      },
    )
  return because(
    'crash',
    ref,
    ended.signal
      ? t('{of} ends with exit code {code} (signal {signal})', { of: nameOf(of), code, signal: ended.signal })
      : t('{of} ends with exit code {code}', { of: nameOf(of), code }),
    { evidence, fixes, causes: reachOf(of, previous) },
  )
}

/** What it complains about in its log: the run before is over, the one now may say more. */
function reachOf(of: Case, previous: boolean): Cause[] {
  const { pod, ref, container, status, scene } = of
  const clues = cluesIn(scene.linesOf({ pod: ref, container: container.name, previous }, status.restartCount))
  return explainReach(clues, { pod, scene, edit: editFix(of, t('the container')) })
}

/** `HTTP GET :8080/healthz`, `TCP :5432`, `command cat /ready`. */
export function probeText({ httpGet, tcpSocket, grpc, exec }: Probe): string {
  if (httpGet) return `HTTP GET :${httpGet.port}${httpGet.path ?? '/'}`
  if (tcpSocket) return `TCP :${tcpSocket.port}`
  return grpc ? `gRPC :${grpc.port}` : t('command {command}', { command: (exec?.command ?? []).join(' ') })
}

function explainUnready(of: Case): Cause {
  const { container, status, ref } = of
  const isStarting = status.started === false && container.startupProbe !== undefined
  const probe = isStarting ? container.startupProbe : container.readinessProbe
  const name = isStarting ? 'startup' : 'readiness'
  const event = probeFailure(of, new RegExp(`^${name}`, 'i'))
  const causes = reachOf(of, false)
  if (!probe)
    return because('unready', ref, t('{of} is not ready yet', { of: nameOf(of) }), {
      fixes: [logsFix(of, false)],
      causes,
    })
  const asked = probeText(probe)
  return because(
    'probe',
    ref,
    event
      ? t('the {probe} probe of {of} fails ({asked})', { probe: name, of: nameOf(of), asked })
      : t('the {probe} probe of {of} has not passed yet ({asked})', { probe: name, of: nameOf(of), asked }),
    {
      evidence: event ? [fact(eventMessage(event), t('event Unhealthy'))] : [],
      fixes: [logsFix(of, false), editFix(of, t('the probe'))],
      causes,
    },
  )
}

const PASSING = new Set(['ContainerCreating', 'PodInitializing'])

function explainContainer(of: Case): Cause | undefined {
  const { waiting, terminated, running } = of.status.state ?? {}
  const reason = waiting?.reason ?? ''
  const message = waiting?.message ?? ''
  if (waiting && !PASSING.has(reason)) {
    if (/Image/.test(reason)) return explainImage(of, reason, message)
    if (reason === 'CreateContainerConfigError') return explainConfig(of, message)
    if (reason === 'CrashLoopBackOff') {
      const end = explainEnd(of)
      return {
        ...end,
        text: t('{text}; it was started once | {text}; it was started {n} times', {
          text: end.text,
          n: of.status.restartCount + 1,
        }),
      }
    }
    return explainCreate(of, reason, message)
  }
  if (terminated && (terminated.exitCode !== 0 || (!of.isInit && of.pod.spec.restartPolicy === 'Always')))
    return explainEnd(of)
  return running && !of.isInit && !of.status.ready ? explainUnready(of) : undefined
}

/** The causes in a pod's containers; init containers first, since the others wait for them. */
export function explainContainers(pod: Pod, scene: Scene, template: ObjectRef, ref: ObjectRef): Cause[] {
  const explain = (
    containers: readonly Container[] | undefined,
    statuses: readonly ContainerStatus[] | undefined,
    isInit: boolean,
  ) =>
    (containers ?? []).flatMap(container => {
      const status = statuses?.find(({ name }) => name === container.name)
      return status ? (explainContainer({ pod, ref, container, status, isInit, scene, template }) ?? []) : []
    })
  const { spec, status } = pod
  const inits = explain(spec.initContainers, status.initContainerStatuses, true)
  return inits.length ? inits : explain(spec.containers, status.containerStatuses, false)
}

/** Where a pod's template is edited. */
export function templateOf(pod: Pod, scene: Scene, ref: ObjectRef): ObjectRef {
  const top = scene.world.topController(pod)
  return top ? refTo(top.type, top.object) : ref
}
