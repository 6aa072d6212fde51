// Jobs that several rules judge at once: limits per index, policies, suspension, somebody else who manages them, pods that
// others change.
const JOBS = 'batch/v1/jobs'
const work = `${JOBS}/work`
const template = (image, more = {}, metadata = {}) => ({
  metadata,
  spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image }], ...more },
})
const job = (spec, image = 'run', more = {}) => ({
  metadata: { name: 'work' },
  spec: { template: template(image, more), ...spec },
})
const indexed = (completions, more = {}) => ({
  completionMode: 'Indexed',
  completions,
  parallelism: completions,
  ...more,
})
const staying = { annotations: { 'hollow/stay': 'yes' } }
const create = object => ['create', side => side.create(JOBS, object)]
const patch = (title, spec, options) => [title, side => side.merge(work, { spec }), options]
const remove = propagationPolicy => [`delete (${propagationPolicy})`, side => side.remove(work, { propagationPolicy })]
const indexOf = ({ metadata }) => Number(metadata.annotations?.['batch.kubernetes.io/job-completion-index'] ?? 0)
const index =
  (...wanted) =>
  pods =>
    pods.filter(pod => wanted.includes(indexOf(pod)))
const first = pods => pods.slice(0, 1)
const disrupted = [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }]

/** Says of pods of the job how they ended, at once. */
async function end(side, phase, exitCode, choose = pods => pods, conditions = []) {
  const { items } = await side.get('v1/pods')
  const running = items.filter(({ status }) => status.phase === 'Running').sort((a, b) => indexOf(a) - indexOf(b))
  await Promise.all(
    choose(running).map(pod => {
      const state = { terminated: { exitCode, reason: exitCode ? 'Error' : 'Completed' } }
      const containerStatuses = pod.status.containerStatuses.map(status => ({
        ...status,
        ready: false,
        started: false,
        state,
      }))
      const status = { phase, containerStatuses, conditions: [...pod.status.conditions, ...conditions] }
      return side.merge(`v1/pods/${pod.metadata.name}/status`, { status })
    }),
  )
}
const finish = (title, ...how) => [title, side => end(side, ...how)]
/** Ends those that are on their way out. */
async function letGo(side) {
  for (const { metadata, status, spec } of (await side.get('v1/pods')).items) {
    if (!metadata.deletionTimestamp) continue
    const path = `v1/pods/${metadata.name}`
    const containerStatuses = spec.containers.map(({ name, image }) => ({
      ...{ name, image, imageID: '', restartCount: 0, ready: false },
      state: { terminated: { exitCode: 137, reason: 'Error' } },
    }))
    if (status.phase === 'Running')
      await side.merge(`${path}/status`, { status: { phase: 'Failed', containerStatuses } })
    await side.remove(path, { gracePeriodSeconds: 0 })
  }
}
const ended = ['those that end are gone', letGo]
const podNames = async side =>
  (await side.get('v1/pods')).items
    .filter(({ status }) => status.phase === 'Running')
    .map(({ metadata }) => metadata.name)
    .sort()
const failIndex = { action: 'FailIndex', onExitCodes: { operator: 'In', values: [42] } }
const failJob = { action: 'FailJob', onExitCodes: { containerName: 'main', operator: 'In', values: [43] } }
const lookAway = { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }

export const scenarios = [
  {
    name: 'a Job of which more indexes fail than may',
    steps: [
      create(job(indexed(5, { backoffLimitPerIndex: 0, maxFailedIndexes: 1 }))),
      finish('one succeeds', 'Succeeded', 0, index(4)),
      finish('the first fails', 'Failed', 1, index(0)),
      finish('another fails', 'Failed', 1, index(2)),
    ],
  },
  {
    name: 'a Job that fails as a whole by its policy, with a limit per index',
    steps: [
      create(
        job(
          indexed(4, {
            backoffLimitPerIndex: 2,
            maxFailedIndexes: 3,
            podFailurePolicy: { rules: [failJob, failIndex, lookAway] },
          }),
        ),
      ),
      finish('an index fails for good', 'Failed', 42, index(1)),
      finish('another is disrupted', 'Failed', 42, index(2), disrupted),
      finish('another fails it all', 'Failed', 43, index(0)),
    ],
  },
  {
    name: 'a Job succeeds by its policy though indexes of it failed',
    steps: [
      create(
        job(
          indexed(5, {
            backoffLimitPerIndex: 0,
            successPolicy: { rules: [{ succeededIndexes: '0,2-4', succeededCount: 2 }] },
          }),
        ),
      ),
      finish('the first and the second fail', 'Failed', 1, index(0, 1)),
      finish('the third succeeds', 'Succeeded', 0, index(2)),
      finish('the fourth succeeds', 'Succeeded', 0, index(3)),
    ],
  },
  {
    name: 'a Job whose policy of success can be met no more',
    steps: [
      create(job(indexed(3, { backoffLimitPerIndex: 0, successPolicy: { rules: [{ succeededIndexes: '0' }] } }))),
      finish('the first fails', 'Failed', 1, index(0)),
      finish('the others succeed', 'Succeeded', 0),
    ],
  },
  {
    name: 'a Job that is suspended with a policy of success and pods that are slow to end',
    steps: [
      create(
        job(
          indexed(4, {
            podReplacementPolicy: 'Failed',
            successPolicy: { rules: [{ succeededCount: 2 }] },
            template: template('run', {}, staying),
          }),
        ),
      ),
      finish('one succeeds', 'Succeeded', 0, index(1)),
      patch('suspend', { suspend: true }),
      patch('resume while they end', { suspend: false }),
      ended,
      finish('another succeeds', 'Succeeded', 0, index(3)),
      ended,
    ],
  },
  {
    name: 'a Job of none, of none at once, and of more at once than it takes',
    steps: [
      create(job({ completions: 0 })),
      [
        'others',
        async side => {
          await side.create(JOBS, { metadata: { name: 'idle' }, spec: job({ parallelism: 0, completions: 2 }).spec })
          await side.create(JOBS, { metadata: { name: 'eager' }, spec: job({ parallelism: 5, completions: 2 }).spec })
          await side.create(JOBS, { metadata: { name: 'queue' }, spec: job({ parallelism: 0 }).spec })
          await side.create(JOBS, {
            metadata: { name: 'none-indexed' },
            spec: job({ completionMode: 'Indexed', completions: 0, parallelism: 2 }).spec,
          })
        },
      ],
      ['one is woken', side => side.merge(`${JOBS}/idle`, { spec: { parallelism: 1 } })],
      ['the queue is worked off', side => side.merge(`${JOBS}/queue`, { spec: { parallelism: 2 } })],
      finish('all succeed', 'Succeeded', 0),
      finish('the rest succeeds', 'Succeeded', 0),
    ],
  },
  {
    name: 'a Job that works off a queue, and is made to do more and less',
    steps: [
      create(job({ parallelism: 3 })),
      patch('less', { parallelism: 2 }),
      finish('one succeeds', 'Succeeded', 0, first),
      patch('more', { parallelism: 4 }),
      finish('the other fails', 'Failed', 1),
      patch('none', { parallelism: 0 }),
    ],
  },
  {
    name: 'a Job whose containers are started again too often',
    steps: [
      create(job({ backoffLimit: 2, parallelism: 2, completions: 2 }, 'run', { restartPolicy: 'OnFailure' })),
      [
        'each twice',
        async side => {
          for (const name of await podNames(side)) {
            const { status } = await side.get(`v1/pods/${name}`)
            const containerStatuses = status.containerStatuses.map(each => ({ ...each, restartCount: 2 }))
            await side.merge(`v1/pods/${name}/status`, { status: { containerStatuses } })
          }
        },
      ],
    ],
  },
  {
    name: 'a Job that somebody else manages ends, and is gone after a while',
    quietMs: 4_500,
    steps: [
      create(job({ managedBy: 'example.com/other', ttlSecondsAfterFinished: 2, suspend: true })),
      patch('resume', { suspend: false }),
      [
        'it has ended',
        async side => {
          const now = new Date().toISOString().replace(/\.\d+Z/, 'Z')
          const condition = type => ({ type, status: 'True', lastTransitionTime: now, lastProbeTime: now })
          await side.merge(`${work}/status`, { status: { startTime: now, active: 0, ready: 0, terminating: 0 } })
          await side.merge(`${work}/status`, {
            status: {
              succeeded: 1,
              completionTime: now,
              conditions: [condition('SuccessCriteriaMet'), condition('Complete')],
            },
          })
        },
      ],
    ],
  },
  {
    name: 'pods of a Job that others change',
    steps: [
      create(job({ parallelism: 2, completions: 3 })),
      [
        'one loses its label',
        async side =>
          side.merge(`v1/pods/${(await podNames(side))[0]}`, {
            metadata: { labels: { 'batch.kubernetes.io/controller-uid': null, 'controller-uid': null } },
          }),
      ],
      [
        'one has succeeded, its finalizer is taken away, and it is deleted',
        async side => {
          await end(side, 'Succeeded', 0, pods =>
            pods.filter(({ metadata }) => metadata.labels['controller-uid']).slice(0, 1),
          )
          await new Promise(resolve => setTimeout(resolve, 2_000))
          const { items } = await side.get('v1/pods')
          const over = items.find(({ status }) => status.phase === 'Succeeded')
          await side.merge(`v1/pods/${over.metadata.name}`, { metadata: { finalizers: null } })
          await side.remove(`v1/pods/${over.metadata.name}`, { gracePeriodSeconds: 0 })
        },
      ],
      remove('Orphan'),
    ],
  },
  {
    name: 'a Job is deleted while its pods are slow to end',
    steps: [
      create(job({ parallelism: 2, completions: 2, template: template('run', {}, staying) })),
      finish('one succeeds', 'Succeeded', 0, first),
      remove('Foreground'),
      ended,
    ],
  },
  {
    name: 'a Job with a deadline whose pods are slow to end',
    quietMs: 5_000,
    steps: [
      create(job({ activeDeadlineSeconds: 2, parallelism: 2, completions: 2, template: template('run', {}, staying) })),
      ended,
    ],
  },
  {
    name: 'a Job that waits for slow pods before it has failed, by a limit per index',
    quietMs: 4_000,
    steps: [
      create(job(indexed(3, { backoffLimitPerIndex: 0, maxFailedIndexes: 0, template: template('run', {}, staying) }))),
      finish('the second fails', 'Failed', 1, index(1)),
      ended,
    ],
  },
  {
    name: 'an indexed Job counts what succeeds together, and names its pods',
    steps: [
      create(job(indexed(12, { parallelism: 12 }))),
      finish('those in the middle succeed', 'Succeeded', 0, index(3, 4, 5, 7)),
      finish('others succeed', 'Succeeded', 0, index(0, 6, 11)),
      patch('shorter', { completions: 8, parallelism: 8 }),
    ],
  },
  {
    name: 'a Job whose policy looks at containers, init containers and other conditions',
    quietMs: 12_000,
    steps: [
      create(
        job(
          {
            ...{ backoffLimit: 5, parallelism: 1, completions: 1 },
            podFailurePolicy: {
              rules: [
                { action: 'Count', onPodConditions: [{ type: 'example.com/odd', status: 'True' }] },
                { action: 'FailJob', onPodConditions: [{ type: 'example.com/odd', status: 'Unknown' }] },
                { action: 'FailJob', onExitCodes: { containerName: 'init', operator: 'NotIn', values: [7] } },
              ],
            },
          },
          'run',
          { initContainers: [{ name: 'init', image: 'run' }] },
        ),
      ),
      finish('an odd one', 'Failed', 9, first, [{ type: 'example.com/odd', status: 'True' }]),
      finish('one of which nobody knows whether it is odd', 'Failed', 9, first, [
        { type: 'example.com/odd', status: 'Unknown' },
      ]),
    ],
  },
]
