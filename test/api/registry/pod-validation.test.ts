// The rules for pods, in upstream's words.
import { describe, expect, test } from 'vitest'
import { pods } from '../../../src/main/apiserver/registry/core/pod.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import { admitted, problems } from '../../suites/resource.ts'

type Fields = Record<string, unknown>
const container = (more: Fields = {}) => ({ name: 'web', image: 'web:1', ...more })
const pod = (spec: Fields = {}, more: Fields = {}) => ({ spec: { containers: [container(more)], ...spec } })

const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

const refused: [what: string, object: Fields, problem: string][] = [
  ['no containers', { spec: {} }, 'spec.containers: Required value'],
  [
    'a container without image',
    { spec: { containers: [{ name: 'web' }] } },
    'spec.containers[0].image: Required value',
  ],
  ['a container without name', pod({}, { name: '' }), 'spec.containers[0].name: Required value'],
  ['a bad container name', pod({}, { name: 'Web' }), `spec.containers[0].name: Invalid value: "Web": ${LABEL}`],
  ...['foo-', 'bar..', 'a/b.c-'].map((name): [string, Fields, string] => [
    `a sysctl named ${name}`,
    pod({ securityContext: { sysctls: [{ name, value: '1' }] } }),
    `spec.securityContext.sysctls[0].name: Invalid value: "${name}": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$`,
  ]),
  [
    'two containers of one name',
    { spec: { containers: [container(), container()] } },
    'spec.containers[1].name: Duplicate value: "web"',
  ],
  [
    'an init container with the name of a container',
    pod({ initContainers: [container()] }),
    'spec.initContainers[0].name: Duplicate value: "web"',
  ],
  [
    'a restart policy that does not exist',
    pod({ restartPolicy: 'Sometimes' }),
    'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
  ],
  [
    'a DNS policy that does not exist',
    pod({ dnsPolicy: 'Guess' }),
    'spec.dnsPolicy: Unsupported value: "Guess": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
  ],
  [
    'a pull policy that does not exist',
    pod({}, { imagePullPolicy: 'Maybe' }),
    'spec.containers[0].imagePullPolicy: Unsupported value: "Maybe": supported values: "Always", "IfNotPresent", "Never"',
  ],
  [
    'an image with spaces around it',
    pod({}, { image: ' web:1' }),
    'spec.containers[0].image: Invalid value: " web:1": must not have leading or trailing whitespace',
  ],
  [
    'a container port out of range',
    pod({}, { ports: [{ containerPort: 70000 }] }),
    'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
  ],
  [
    'two containers on one host port',
    {
      spec: {
        containers: [
          container({ ports: [{ containerPort: 80, hostPort: 80 }] }),
          { ...container({ ports: [{ containerPort: 81, hostPort: 80 }] }), name: 'b' },
        ],
      },
    },
    'spec.containers[1].ports[0].hostPort: Duplicate value: "TCP//80"',
  ],
  [
    'a protocol that does not exist',
    pod({}, { ports: [{ containerPort: 80, protocol: 'ICMP' }] }),
    'spec.containers[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
  ],
  [
    'host and container port that differ on the host network',
    pod({ hostNetwork: true }, { ports: [{ containerPort: 80, hostPort: 81 }] }),
    'spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true',
  ],
  ['a variable without name', pod({}, { env: [{ value: 'x' }] }), 'spec.containers[0].env[0].name: Required value'],
  [
    'a variable with value and source',
    pod({}, { env: [{ name: 'A', value: 'x', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] }),
    'spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
  ],
  [
    'a field that variables cannot have',
    pod({}, { env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.foo' } } }] }),
    'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.foo": error converting fieldPath: field label not supported: spec.foo',
  ],
  [
    'requests above limits',
    pod({}, { resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }),
    'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
  ],
  [
    'a resource that does not exist',
    pod({}, { resources: { limits: { gpus: '1' } } }),
    'spec.containers[0].resources.limits[gpus]: Invalid value: "gpus": must be a standard resource type or fully qualified',
  ],
  [
    'a device request without limit',
    pod({}, { resources: { requests: { 'example.com/gpu': '1' } } }),
    'spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources',
  ],
  [
    'half a device',
    pod({}, { resources: { limits: { 'example.com/gpu': '500m' } } }),
    'spec.containers[0].resources.limits[example.com/gpu]: Invalid value: "500m": must be an integer',
  ],
  [
    'a negative amount',
    pod({}, { resources: { limits: { memory: '-1' } } }),
    'spec.containers[0].resources.limits[memory]: Invalid value: "-1": must be greater than or equal to 0',
  ],
  [
    'a mount without volume',
    pod({}, { volumeMounts: [{ name: 'data', mountPath: '/data' }] }),
    'spec.containers[0].volumeMounts[0].name: Not found: "data"',
  ],
  [
    'two mounts at one path',
    pod(
      { volumes: [{ name: 'data', emptyDir: {} }] },
      {
        volumeMounts: [
          { name: 'data', mountPath: '/d' },
          { name: 'data', mountPath: '/d' },
        ],
      },
    ),
    'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/d": must be unique',
  ],
  [
    'two volumes of one name',
    pod({
      volumes: [
        { name: 'a', emptyDir: {} },
        { name: 'a', emptyDir: {} },
      ],
    }),
    'spec.volumes[1].name: Duplicate value: "a"',
  ],
  [
    'a volume of two types',
    pod({ volumes: [{ name: 'a', emptyDir: {}, hostPath: { path: '/x' } }] }),
    'spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type',
  ],
  [
    'a host path of a type that does not exist',
    pod({ volumes: [{ name: 'a', hostPath: { path: '/x', type: 'Pipe' } }] }),
    'spec.volumes[0].hostPath.type: Unsupported value: "Pipe": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"',
  ],
  [
    'a host path that climbs',
    pod({ volumes: [{ name: 'a', hostPath: { path: '/x/../etc' } }] }),
    `spec.volumes[0].hostPath.path: Invalid value: "/x/../etc": must not contain '..'`,
  ],
  [
    'a secret volume without secret',
    pod({ volumes: [{ name: 'a', secret: {} }] }),
    'spec.volumes[0].secret.secretName: Required value',
  ],
  [
    'a file mode above 0777',
    pod({ volumes: [{ name: 'a', configMap: { name: 'c', defaultMode: 4096 } }] }),
    'spec.volumes[0].configMap.defaultMode: Invalid value: 4096: must be a number between 0 and 0777 (octal), both inclusive',
  ],
  [
    'a token for a pod without service account',
    pod({ volumes: [{ name: 'a', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }] }),
    'spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set',
  ],
  [
    'a probe without handler',
    pod({}, { livenessProbe: { periodSeconds: 1 } }),
    'spec.containers[0].livenessProbe: Required value: must specify a handler type',
  ],
  [
    'a probe with two handlers',
    pod({}, { readinessProbe: { exec: { command: ['x'] }, tcpSocket: { port: 80 } } }),
    'spec.containers[0].readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type',
  ],
  [
    'a liveness probe that wants two successes',
    pod({}, { livenessProbe: { tcpSocket: { port: 80 }, successThreshold: 2 } }),
    'spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1',
  ],
  [
    'a probe on a port that is none',
    pod({}, { livenessProbe: { httpGet: { port: 0 } } }),
    'spec.containers[0].livenessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive',
  ],
  [
    'a sleep longer than the grace period',
    pod({ terminationGracePeriodSeconds: 5 }, { lifecycle: { preStop: { sleep: { seconds: 6 } } } }),
    'spec.containers[0].lifecycle.preStop.sleep: Invalid value: 6: must be non-negative and less than terminationGracePeriodSeconds (5)',
  ],
  [
    'probes of init containers that end',
    pod({ initContainers: [{ name: 'i', image: 'i', readinessProbe: { tcpSocket: { port: 1 } } }] }),
    'spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
  ],
  [
    'a name for a claim of its own',
    pod({
      volumes: [
        {
          name: 'v',
          ephemeral: {
            volumeClaimTemplate: {
              metadata: { name: 'a', labels: { b: 'c' } },
              spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
            },
          },
        },
      ],
    }),
    'spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set',
  ],
  [
    'a CSI driver whose name is none',
    pod({ volumes: [{ name: 'v', csi: { driver: 'a.example.com-' } }] }),
    "spec.volumes[0].csi.driver: Invalid value: \"a.example.com-\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  ],
  [
    'a secret without a name',
    pod({ volumes: [{ name: 'v', csi: { driver: 'a.example.com', nodePublishSecretRef: {} } }] }),
    'spec.volumes[0].csi.nodePublishSecretRef.name: Required value',
  ],
  [
    'two sources of one volume',
    pod({ volumes: [{ name: 'v', emptyDir: {}, downwardAPI: {} }] }),
    'spec.volumes[0].downwarAPI: Forbidden: may not specify more than 1 volume type',
  ],
  [
    'ephemeral containers from the start',
    pod({ ephemeralContainers: [{ name: 'debug', image: 'd' }] }),
    'spec.ephemeralContainers: Forbidden: cannot be set on create',
  ],
  [
    'a toleration of everything that names an operator',
    pod({ tolerations: [{ operator: 'Equal' }] }),
    'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
  ],
  [
    'seconds on a toleration that does not evict',
    pod({ tolerations: [{ key: 'a', effect: 'NoSchedule', tolerationSeconds: 5 }] }),
    `spec.tolerations[0].effect: Invalid value: "NoSchedule": effect must be 'NoExecute' when \`tolerationSeconds\` is set`,
  ],
  [
    'node affinity without terms',
    pod({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } } }),
    'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term',
  ],
  [
    'an affinity weight above 100',
    pod({
      affinity: {
        podAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 101, podAffinityTerm: { topologyKey: 'h' } }],
        },
      },
    }),
    'spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 101: must be in the range 1-100',
  ],
  [
    'a spread without skew',
    pod({ topologySpreadConstraints: [{ maxSkew: 0, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }] }),
    'spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero',
  ],
  [
    'a seccomp profile file that nobody asked for',
    pod({ securityContext: { seccompProfile: { type: 'RuntimeDefault', localhostProfile: 'x' } } }),
    'spec.securityContext.seccompProfile.localhostProfile: Invalid value: {"type":"RuntimeDefault","localhostProfile":"x"}: can only be set when seccomp type is Localhost',
  ],
  [
    'a privileged container that may not escalate',
    pod({}, { securityContext: { privileged: true, allowPrivilegeEscalation: false } }),
    'spec.containers[0].securityContext: Invalid value: {"privileged":true,"allowPrivilegeEscalation":false}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
  ],
  ...(
    [
      [{ gmsaCredentialSpecName: 'A_' }, `gmsaCredentialSpecName: Invalid value: "A_": ${SUBDOMAIN}`],
      [{ gmsaCredentialSpec: '' }, 'gmsaCredentialSpec: Invalid value: "": gmsaCredentialSpec cannot be an empty string'],
      [{ runAsUserName: '' }, 'runAsUserName: Invalid value: "": runAsUserName cannot be an empty string'],
      [{ runAsUserName: 'a\tb' }, 'runAsUserName: Invalid value: "a\\tb": runAsUserName cannot contain control characters'],
      [{ runAsUserName: 'a\\b\\c' }, 'runAsUserName: Invalid value: "a\\\\b\\\\c": runAsUserName cannot contain more than one backslash'],
      [{ runAsUserName: '.x*\\y' }, 'runAsUserName: Invalid value: ".x*\\\\y": runAsUserName\'s Domain doesn\'t match the NetBios nor the DNS format'],
      [{ runAsUserName: 'x\\' }, 'runAsUserName: Invalid value: "x\\\\": runAsUserName\'s User cannot be empty'],
      [{ runAsUserName: '. .' }, 'runAsUserName: Invalid value: ". .": runAsUserName\'s User cannot contain only periods or spaces'],
      [{ runAsUserName: 'a@b' }, 'runAsUserName: Invalid value: "a@b": runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]'],
    ] as const
  ).flatMap(([windowsOptions, problem]): [string, Fields, string][] => [
    [`for Windows, ${JSON.stringify(windowsOptions)}`, pod({ securityContext: { windowsOptions } }), `spec.securityContext.windowsOptions.${problem}`],
    [`for Windows, of a container, ${JSON.stringify(windowsOptions)}`, pod({}, { securityContext: { windowsOptions } }), `spec.containers[0].securityContext.windowsOptions.${problem}`],
  ]), // prettier-ignore
  [
    'a process of a Windows host without its network',
    pod({ securityContext: { windowsOptions: { hostProcess: true } } }),
    'spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers',
  ],
  [
    'some containers that are processes of the host',
    pod({
      hostNetwork: true,
      initContainers: [container({ name: 'a', securityContext: { windowsOptions: { hostProcess: true } } })],
    }),
    'spec: Invalid value: "": If pod contains any hostProcess containers then all containers must be HostProcess containers',
  ],
  [
    'a container that is none although its pod is',
    pod(
      { hostNetwork: true, securityContext: { windowsOptions: { hostProcess: true } } },
      { securityContext: { windowsOptions: { hostProcess: false } } },
    ),
    'spec.containers[0].securityContext.windowsOptions.hostProcess: Invalid value: false: pod hostProcess value must be identical if both are specified, was true',
  ],
  [
    'own users on the host network',
    pod({ hostUsers: false, hostPID: true }),
    'spec.HostPID: Forbidden: when `hostUsers` is false',
  ],
  [
    'DNS of its own without servers',
    pod({ dnsPolicy: 'None' }),
    'spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None',
  ],
  [
    'a host alias that is no address',
    pod({ hostAliases: [{ ip: 'home', hostnames: ['a'] }] }),
    'spec.hostAliases[0].ip: Invalid value: "home": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
  ],
  [
    'a deadline of zero',
    pod({ activeDeadlineSeconds: 0 }),
    'spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive',
  ],
  [
    'a node before its gates are open',
    pod({ nodeName: 'n1', schedulingGates: [{ name: 'wait' }] }),
    'spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared',
  ],
]

const hostPort = 'must match `containerPort` when `hostNetwork` is true'
test.each<[object: Fields, said: RegExp, expected: string[]]>([
  [
    pod({ initContainers: [{ name: 'a', image: 'x', restartPolicyRules: [{}] }] }),
    /restartPolicy: |exitCodes|Unsupported/,
    ['spec.initContainers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used'],
  ],
  [pod({ hostNetwork: true }, { ports: [{}] }), /hostPort/, []],
  [
    pod({ hostNetwork: true }, { ports: [{ hostPort: 1 }] }),
    /hostPort/,
    [`spec.containers[0].ports[0].hostPort: Invalid value: 1: ${hostPort}`],
  ],
  [
    pod({}, { env: [{ name: 'A', valueFrom: { fileKeyRef: {} } }] }),
    /volumeName: Not found/,
    ['spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName: Not found: ""'],
  ],
  [
    pod({ ephemeralContainers: [{ name: 'a', image: 'x', ports: [], resources: {}, lifecycle: {} }] }),
    /Ephemeral Container/,
    ['spec.ephemeralContainers[0].lifecycle: Forbidden: cannot be set for an Ephemeral Container'],
  ],
])('what is empty, as in %j, counts as upstream counts it', (object, said, expected) => {
  expect(problems(pods, object).filter(text => said.test(text))).toEqual(expected)
})

describe('a new pod is refused for', () => {
  test.each(refused)('%s', (_what, object, problem) => {
    expect(problems(pods, object)).toContain(problem)
  })
})

describe('an update of a pod', () => {
  const stored = admitted(pods, pod({ tolerations: [{ key: 'a', operator: 'Exists' }] }))
  stored.metadata.resourceVersion = '7'
  const update = (change: (spec: Fields & { containers: Fields[] }) => void) => {
    const next = structuredClone(stored)
    change(next['spec'] as never)
    pods.prepareForUpdate?.(next, stored)
    return {
      next,
      errors: (pods.validateUpdate?.(next, stored) ?? []).map(({ field, message }) => `${field}: ${message}`),
    }
  }

  test('may change an image, which counts as a generation', () => {
    const { next, errors } = update(spec => (spec.containers[0]!['image'] = 'web:2'))
    expect(errors).toEqual([])
    expect(next.metadata.generation).toBe(2)
  })

  test('that changes nothing of the spec is no generation', () => {
    expect(update(() => undefined).next.metadata.generation).toBe(1)
  })

  test('may add a toleration', () => {
    expect(update(spec => (spec['tolerations'] as Fields[]).push({ key: 'b', operator: 'Exists' })).errors).toEqual([])
  })

  test('may not drop a toleration', () => {
    expect(update(spec => (spec['tolerations'] = [])).errors).toEqual([
      'spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds',
    ])
  })

  test('may not add a container', () => {
    expect(update(spec => spec.containers.push(container({ name: 'more' }))).errors).toEqual([
      'spec.containers: Forbidden: pod updates may not add or remove containers',
    ])
  })

  test('may not change anything else, and says what was changed', () => {
    const [error] = update(spec => (spec['hostname'] = 'other')).errors
    expect(error).toContain('spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,')
    expect(error).toContain('+ spec.hostname: "other"')
  })

  test('may set a deadline, and only shorten it later', () => {
    expect(update(spec => (spec['activeDeadlineSeconds'] = 60)).errors).toEqual([])
  })
})

describe('the status of a pod', () => {
  test('starts as Pending, whatever the client claims', () => {
    const object = admitted(pods, { ...pod(), status: { phase: 'Running', podIP: '1.2.3.4' } })
    expect(object['status']).toEqual({ phase: 'Pending', qosClass: 'BestEffort' })
  })

  test('keeps the spec and the class when the kubelet writes it', () => {
    const stored = admitted(pods, pod())
    const next = structuredClone(stored) as AnyObject & { spec: Fields; status: Fields }
    next.spec['hostname'] = 'sneaky'
    next.status = { phase: 'Running' }
    pods.status?.prepareForUpdate?.(next, stored)
    expect(next.spec['hostname']).toBeUndefined()
    expect(next.status).toEqual({ phase: 'Running', qosClass: 'BestEffort' })
  })

  test.each([
    ['BestEffort', {}],
    ['Burstable', { requests: { cpu: '1' } }],
    ['Guaranteed', { limits: { cpu: '1', memory: '1Gi' } }],
    ['Burstable', { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } }],
  ])('is of class %s with resources %j', (qosClass, resources) => {
    expect((admitted(pods, pod({}, { resources }))['status'] as Fields)['qosClass']).toBe(qosClass)
  })
})

describe('deleting a pod', () => {
  const grace = (spec: Fields, status: Fields = {}, requested?: number) => {
    const object = admitted(pods, pod(spec))
    Object.assign(object['status'] as Fields, status)
    return pods.gracefulDeletion?.(object, requested)
  }
  test('waits as long as the pod says, or as the client says', () => {
    expect(grace({ nodeName: 'n1' })).toBe(30)
    expect(grace({ nodeName: 'n1' }, {}, 3)).toBe(3)
    expect(grace({ nodeName: 'n1' }, {}, -1)).toBe(1)
  })
  test('waits for nothing when the pod has no node or has ended', () => {
    expect(grace({}, {}, 30)).toBe(0)
    expect(grace({ nodeName: 'n1' }, { phase: 'Succeeded' })).toBe(0)
  })
})
