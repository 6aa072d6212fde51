// Jobs and CronJobs: how they succeed, fail, wait, and are counted.
const JOBS = 'batch/v1/jobs'
const work = `${JOBS}/work`
const template = (image, more = {}) => ({
  spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image }], ...more },
})
const job = (spec, image = 'done', more = {}) => ({
  metadata: { name: 'work' },
  spec: { template: template(image, more), ...spec },
})
const create = object => ['create', side => side.create(JOBS, object)]
const patch = (title, spec, options) => [title, side => side.merge(work, { spec }), options]
const remove = propagationPolicy => [`delete (${propagationPolicy})`, side => side.remove(work, { propagationPolicy })]

/** Says of a pod of the job how it ended. @param choose of the pods that run */
const finish = (title, phase, exitCode, choose = pods => pods, conditions = []) => [
  title,
  async side => {
    const { items } = await side.get('v1/pods')
    const running = items.filter(({ status }) => status.phase === 'Running')
    const sorted = running.sort((a, b) => indexOf(a) - indexOf(b))
    for (const pod of choose(sorted)) {
      const containerStatuses = pod.status.containerStatuses.map(status => ({
        ...status,
        ...{
          ready: false,
          started: false,
          state: { terminated: { exitCode, reason: exitCode ? 'Error' : 'Completed' } },
        },
      }))
      const status = { phase, containerStatuses, conditions: [...pod.status.conditions, ...conditions] }
      await side.merge(`v1/pods/${pod.metadata.name}/status`, { status })
    }
  },
]
const indexOf = ({ metadata }) => Number(metadata.annotations?.['batch.kubernetes.io/job-completion-index'] ?? 0)
const first = pods => pods.slice(0, 1)
const index = wanted => pods => pods.filter(pod => indexOf(pod) === wanted)
const target = [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }]

const CRON = 'batch/v1/cronjobs'
const cron = (spec, image = 'done') => ({
  metadata: { name: 'tick' },
  spec: { jobTemplate: { spec: { template: template(image) } }, ...spec },
})

/** Makes the CronJob. @returns metadata of Jobs that are its own */
async function ownTick(side, spec, image) {
  const { metadata, kind = 'CronJob', apiVersion = 'batch/v1' } = await side.create(CRON, cron(spec, image))
  const { name, uid } = metadata
  return { ownerReferences: [{ apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true }] }
}
/** Goes on for long enough to start one Job. */
async function tickFor(side, spec) {
  await side.merge(`${CRON}/tick`, { spec: { suspend: false, ...spec } })
  await new Promise(resolve => setTimeout(resolve, 5_000))
  await side.merge(`${CRON}/tick`, { spec: { suspend: true } })
}
/** A CronJob that is late, of which a Job still runs. */
async function besideOne(side, spec) {
  const owner = await ownTick(side, { schedule: '* * * * *', suspend: true, ...spec }, 'run')
  const running = await side.create(JOBS, { metadata: { name: 'tick-before', ...owner }, spec: job({}, 'run').spec })
  const { name, namespace, uid } = running.metadata
  const active = [{ apiVersion: 'batch/v1', kind: 'Job', name, namespace, uid }]
  const lastScheduleTime = new Date(Date.now() - 300_000).toISOString().replace(/\.\d+Z/, 'Z')
  await side.merge(`${CRON}/tick/status`, { status: { lastScheduleTime, active } })
  await tickFor(side, {})
}

/** Pods that do not end by themselves. */
const staying = { 'hollow/stay': 'yes' }
const stay = (image, more) => ({ metadata: { annotations: staying }, ...template(image, more) })
/** Ends those that are on their way out. */
async function letGo(side) {
  const { items } = await side.get('v1/pods')
  for (const { metadata, status, spec } of items) {
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
const asking = cpu => {
  const { spec } = template('run')
  return { spec: { ...spec, containers: [{ ...spec.containers[0], resources: { requests: { cpu } } }] } }
}
const succeeded = async side =>
  (await side.get('v1/pods')).items.find(({ status }) => status.phase === 'Succeeded').metadata.name

export const scenarios = [
  { name: 'a Job of one pod', steps: [create(job({})), remove('Background')] },
  { name: 'a Job of 5 pods, 2 at once', steps: [create(job({ completions: 5, parallelism: 2 }))] },
  { name: 'a Job whose pods fail', steps: [create(job({ backoffLimit: 0 }, 'fail'))] },
  {
    name: 'a Job whose pods fail, tried again',
    steps: [create(job({ backoffLimit: 1 }, 'fail'))].map(([title, act]) => [title, act, { quietMs: 13_000 }]),
  },
  {
    name: 'a Job of many at once whose pod fails',
    steps: [
      create(job({ backoffLimit: 0, parallelism: 3, completions: 3 }, 'run')),
      finish('one fails', 'Failed', 1, first),
      remove('Foreground'),
    ],
  },
  {
    name: 'a Job that works off a queue',
    steps: [
      create(job({ parallelism: 3 }, 'run')),
      finish('one succeeds', 'Succeeded', 0, first),
      finish('the rest succeed', 'Succeeded', 0),
    ],
  },
  {
    name: 'an indexed Job',
    steps: [
      create(job({ completionMode: 'Indexed', completions: 3, parallelism: 3 }, 'run')),
      finish('the second succeeds', 'Succeeded', 0, index(1)),
      patch('it is made shorter', { completions: 2, parallelism: 2 }),
      finish('the first succeeds', 'Succeeded', 0, index(0)),
    ],
  },
  {
    name: 'an indexed Job with a limit per index',
    steps: [
      create(
        job(
          { completionMode: 'Indexed', completions: 3, parallelism: 3, backoffLimitPerIndex: 0, maxFailedIndexes: 1 },
          'run',
        ),
      ),
      finish('the second fails', 'Failed', 1, index(1)),
      finish('the first succeeds', 'Succeeded', 0, index(0)),
      finish('the third fails', 'Failed', 1, index(2)),
    ],
  },
  {
    name: 'an indexed Job with a limit per index, of which one fails in the end',
    steps: [
      create(job({ completionMode: 'Indexed', completions: 2, parallelism: 2, backoffLimitPerIndex: 0 }, 'run')),
      finish('the second fails', 'Failed', 1, index(1)),
      finish('the first succeeds', 'Succeeded', 0, index(0)),
    ],
  },
  {
    name: 'a Job with a policy that fails it',
    steps: [
      create(
        job(
          {
            podFailurePolicy: {
              rules: [{ action: 'FailJob', onExitCodes: { containerName: 'main', operator: 'In', values: [42] } }],
            },
          },
          'fail-42',
        ),
      ),
    ],
  },
  {
    name: 'a Job with a policy that looks away from disruptions',
    // It waits for ten seconds before it replaces what has failed.
    quietMs: 12_000,
    steps: [
      create(
        job(
          {
            backoffLimit: 0,
            podFailurePolicy: {
              rules: [
                { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
                { action: 'Count', onExitCodes: { operator: 'NotIn', values: [0] } },
              ],
            },
          },
          'run',
        ),
      ),
      finish('one is disrupted', 'Failed', 137, first, target),
      finish('the next fails', 'Failed', 3, first),
    ],
  },
  {
    name: 'a Job with a policy that fails an index',
    steps: [
      create(
        job(
          {
            ...{ completionMode: 'Indexed', completions: 2, parallelism: 2, backoffLimitPerIndex: 3 },
            podFailurePolicy: {
              rules: [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [42] } }],
            },
          },
          'run',
        ),
      ),
      finish('the first fails so', 'Failed', 42, index(0)),
      finish('the second succeeds', 'Succeeded', 0, index(1)),
    ],
  },
  {
    name: 'a Job that needs some indexes only',
    steps: [
      create(
        job(
          {
            ...{ completionMode: 'Indexed', completions: 4, parallelism: 4 },
            successPolicy: { rules: [{ succeededIndexes: '0-1', succeededCount: 1 }] },
          },
          'run',
        ),
      ),
      finish('the fourth succeeds', 'Succeeded', 0, index(3)),
      finish('the second succeeds', 'Succeeded', 0, index(1)),
    ],
  },
  {
    name: 'a Job that is suspended and goes on',
    steps: [
      create(job({ suspend: true, parallelism: 2, completions: 2 }, 'run')),
      patch('resume', { suspend: false }),
      patch('suspend', { suspend: true }),
      patch('resume again', { suspend: false }),
      finish('all succeed', 'Succeeded', 0),
    ],
  },
  {
    name: 'a Job that takes too long',
    quietMs: 4_000,
    steps: [create(job({ activeDeadlineSeconds: 2, parallelism: 2, completions: 2 }, 'run'))],
  },
  {
    name: 'a Job that is gone after a while',
    quietMs: 4_500,
    steps: [create(job({ ttlSecondsAfterFinished: 2 }))],
  },
  {
    name: 'a Job that replaces what has failed',
    steps: [
      create(job({ podReplacementPolicy: 'Failed', parallelism: 2, completions: 2 }, 'run')),
      ['a pod is deleted', async side => side.remove(`v1/pods/${(await side.pods())[0]}`), { quietMs: 13_000 }],
      patch('more at once', { parallelism: 1 }),
      remove('Orphan'),
    ],
  },
  {
    name: 'a Job whose selector is chosen by hand',
    steps: [
      create({
        metadata: { name: 'work' },
        spec: {
          manualSelector: true,
          selector: { matchLabels: { mine: 'yes' } },
          template: { metadata: { labels: { mine: 'yes' } }, ...template('done') },
        },
      }),
    ],
  },
  {
    name: 'a Job that somebody else manages',
    steps: [create(job({ managedBy: 'example.com/other' }))],
  },
  {
    name: 'a CronJob',
    steps: [
      [
        'every minute',
        side =>
          side.create('batch/v1/cronjobs', {
            metadata: { name: 'tick' },
            spec: {
              schedule: '* * * * *',
              concurrencyPolicy: 'Forbid',
              jobTemplate: { spec: { template: template('done') } },
            },
          }),
        { quietMs: 66_000, mostMs: 75_000 },
      ],
      ['suspend', side => side.merge('batch/v1/cronjobs/tick', { spec: { suspend: true } })],
      ['delete', side => side.remove('batch/v1/cronjobs/tick', { propagationPolicy: 'Background' })],
    ],
  },
  {
    name: 'a CronJob whose schedule cannot be kept',
    steps: [
      [
        'suspended, of another time zone',
        side =>
          side.create('batch/v1/cronjobs', {
            metadata: { name: 'tick' },
            spec: {
              ...{ schedule: '0 3 29 2 *', timeZone: 'Europe/Berlin', suspend: true },
              jobTemplate: { spec: { template: template('done') } },
            },
          }),
      ],
    ],
  },
  {
    name: 'a Job with everything per index, suspended amid it',
    steps: [
      create(
        job(
          {
            ...{ completionMode: 'Indexed', completions: 4, parallelism: 4, backoffLimitPerIndex: 1 },
            podFailurePolicy: {
              rules: [
                { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
                { action: 'FailIndex', onExitCodes: { operator: 'In', values: [42] } },
              ],
            },
          },
          'run',
        ),
      ),
      finish('the first fails for good', 'Failed', 42, index(0)),
      finish('the second is disrupted', 'Failed', 137, index(1), target),
      patch('suspend', { suspend: true }),
      patch('fewer at once', { parallelism: 2 }),
      patch('resume', { suspend: false }),
      finish('the second succeeds', 'Succeeded', 0, index(1)),
      finish('the third fails for good', 'Failed', 42, index(2)),
      finish('the fourth succeeds', 'Succeeded', 0, index(3)),
    ],
  },
  {
    name: 'a Job that is good enough, while others of its pods have failed',
    steps: [
      create(
        job(
          {
            ...{ completionMode: 'Indexed', completions: 5, parallelism: 5, backoffLimit: 1 },
            successPolicy: { rules: [{ succeededCount: 3 }, { succeededIndexes: '4' }] },
          },
          'run',
        ),
      ),
      finish('two succeed', 'Succeeded', 0, pods => pods.slice(0, 2)),
      finish('the fifth succeeds', 'Succeeded', 0, index(4)),
    ],
  },
  {
    name: 'an indexed Job grows, and shrinks below what has succeeded',
    steps: [
      create(job({ completionMode: 'Indexed', completions: 2, parallelism: 2 }, 'run')),
      patch('it grows', { completions: 5, parallelism: 5 }),
      finish('the fifth and the fourth succeed', 'Succeeded', 0, pods => pods.slice(3)),
      patch('it shrinks', { completions: 3, parallelism: 3 }),
      patch('it grows again', { completions: 4, parallelism: 4 }),
      finish('all succeed', 'Succeeded', 0),
    ],
  },
  {
    name: 'a Job whose deadline counts from when it goes on',
    steps: [
      create(job({ activeDeadlineSeconds: 6, parallelism: 2, completions: 2 }, 'run')),
      patch('suspend', { suspend: true }),
      patch('resume', { suspend: false }),
      patch('another deadline', { activeDeadlineSeconds: 3 }, { quietMs: 5_000 }),
    ],
  },
  {
    name: 'a suspended Job is sent elsewhere before it starts',
    steps: [
      create(job({ suspend: true }, 'run')),
      patch('elsewhere', { template: { spec: { nodeSelector: { 'kubernetes.io/hostname': 'node-1' } } } }),
      patch('resume', { suspend: false }),
    ],
  },
  {
    name: 'a Job beyond what its quota lets it have',
    steps: [
      ['quota', side => side.create('v1/resourcequotas', { metadata: { name: 'few' }, spec: { hard: { pods: '1' } } })],
      create(job({ parallelism: 3, completions: 3 }, 'run')),
    ],
  },
  {
    name: 'a CronJob that missed more than can be counted',
    steps: [
      [
        'last three hours ago',
        async side => {
          await side.create(CRON, cron({ schedule: '*/1 * * * *', suspend: true }))
          const lastScheduleTime = new Date(Date.now() - 3 * 3_600_000).toISOString().replace(/\.\d+Z/, 'Z')
          await side.merge(`${CRON}/tick/status`, { status: { lastScheduleTime } })
          await side.merge(`${CRON}/tick`, { spec: { suspend: false } })
          await new Promise(resolve => setTimeout(resolve, 5_000))
          await side.merge(`${CRON}/tick`, { spec: { suspend: true } })
        },
      ],
    ],
  },
  {
    name: 'a CronJob that may not start so late',
    steps: [
      [
        'last yesterday',
        async side => {
          const past = new Date(Date.now() - 2 * 3_600_000)
          const schedule = `${past.getUTCMinutes()} ${past.getUTCHours()} * * *`
          await side.create(CRON, cron({ schedule, timeZone: 'Etc/UTC', startingDeadlineSeconds: 60, suspend: true }))
          const lastScheduleTime = new Date(past - 86_400_000).toISOString().replace(/:\d+\.\d+Z/, ':00Z')
          await side.merge(`${CRON}/tick/status`, { status: { lastScheduleTime } })
          await side.merge(`${CRON}/tick`, { spec: { suspend: false } })
        },
      ],
      ['with more patience', side => side.merge(`${CRON}/tick`, { spec: { startingDeadlineSeconds: 10_000 } })],
      ['in a zone where it is not yet', side => side.merge(`${CRON}/tick`, { spec: { timeZone: 'Asia/Tokyo' } })],
    ],
  },
  {
    name: 'a CronJob that replaces what still runs',
    steps: [
      ['every minute, beside a Job of its own that runs', side => besideOne(side, { concurrencyPolicy: 'Replace' })],
    ],
  },
  {
    name: 'a CronJob that forbids another while one still runs',
    steps: [
      ['every minute, beside a Job of its own that runs', side => besideOne(side, { concurrencyPolicy: 'Forbid' })],
      ['any number at once', side => tickFor(side, { concurrencyPolicy: 'Allow' })],
    ],
  },
  {
    name: 'a CronJob that keeps nothing of what is done',
    steps: [
      [
        'Jobs that succeed and fail',
        async side => {
          const held = { successfulJobsHistoryLimit: 0, failedJobsHistoryLimit: 0 }
          const owner = await ownTick(side, { schedule: '0 0 1 1 *', suspend: true, ...held })
          for (const [name, image] of [
            ['tick-good', 'done'],
            ['tick-bad', 'fail'],
          ])
            await side.create(JOBS, { metadata: { name, ...owner }, spec: job({ backoffLimit: 0 }, image).spec })
        },
        { quietMs: 4_000 },
      ],
    ],
  },
  {
    name: 'a CronJob that keeps the newest of what is done',
    steps: [
      [
        'Jobs that succeed, one after the other',
        async side => {
          const owner = await ownTick(side, { schedule: '0 0 1 1 *', suspend: true, successfulJobsHistoryLimit: 1 })
          for (const name of ['tick-one', 'tick-two', 'tick-three']) {
            await side.create(JOBS, { metadata: { name, ...owner }, spec: job({}).spec })
            await new Promise(resolve => setTimeout(resolve, 2_500))
          }
        },
      ],
      ['none any more', side => side.merge(`${CRON}/tick`, { spec: { successfulJobsHistoryLimit: 0 } })],
    ],
  },
  {
    name: 'a Job that succeeds by its policy, and waits for its pods to end',
    steps: [
      create(
        job(
          {
            ...{ completionMode: 'Indexed', completions: 3, parallelism: 3, podReplacementPolicy: 'Failed' },
            successPolicy: { rules: [{ succeededIndexes: '1' }] },
            template: stay('run'),
          },
          'run',
        ),
      ),
      finish('the second succeeds', 'Succeeded', 0, index(1)),
      ['the others are gone', side => letGo(side)],
    ],
  },
  {
    name: 'a Job that fails while its pods are slow to end',
    steps: [
      create(job({ parallelism: 2, completions: 2, backoffLimit: 0, template: stay('run') })),
      finish('one fails', 'Failed', 1, first),
      ['the other is gone', side => letGo(side)],
    ],
  },
  {
    name: 'a Job that is suspended while its pods are slow to end',
    steps: [
      create(job({ parallelism: 2, completions: 4, template: stay('run') })),
      patch('suspend', { suspend: true }),
      patch('resume', { suspend: false }),
      ['those before are gone', side => letGo(side)],
      patch('fewer at once', { parallelism: 1 }),
    ],
  },
  {
    name: 'an indexed Job with a limit per index replaces what has failed',
    quietMs: 12_000,
    steps: [
      create(
        job({
          ...{ completionMode: 'Indexed', completions: 2, parallelism: 2, backoffLimitPerIndex: 1 },
          ...{ podReplacementPolicy: 'Failed', template: stay('run') },
        }),
      ),
      ['its first pod is deleted', async side => side.remove(`v1/pods/${(await side.pods())[0]}`)],
      ['it is gone', side => letGo(side)],
    ],
  },
  {
    name: 'a suspended Job is given other resources, and a Job that runs is not',
    steps: [
      create(job({ suspend: true }, 'run')),
      patch('more', { template: asking('200m') }),
      patch('resume', { suspend: false }),
      ['more while it runs', side => side.merge(work, { spec: { template: asking('300m') } }).catch(() => undefined)],
      patch('suspend', { suspend: true }),
      patch('more again', { template: asking('400m') }),
      patch('resume again', { suspend: false }),
    ],
  },
  {
    name: 'a Job that is gone at once, and one that is gone when it failed',
    steps: [
      create(job({ ttlSecondsAfterFinished: 0 })),
      [
        'one that fails',
        side =>
          side.create(JOBS, {
            metadata: { name: 'bad', finalizers: ['example.com/held'] },
            spec: job({ ttlSecondsAfterFinished: 1, backoffLimit: 0 }, 'fail').spec,
          }),
        { quietMs: 4_000 },
      ],
      ['it is let go', side => side.merge(`${JOBS}/bad`, { metadata: { finalizers: null } })],
    ],
  },
  {
    name: 'a Job with a policy that fails it for a condition',
    steps: [
      create(
        job(
          {
            ...{ backoffLimit: 3, parallelism: 2, completions: 3 },
            podFailurePolicy: {
              rules: [{ action: 'FailJob', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
            },
          },
          'run',
        ),
      ),
      finish('one succeeds', 'Succeeded', 0, first),
      finish('one is disrupted', 'Failed', 137, first, target),
    ],
  },
  {
    name: 'pods of a Job that are deleted once they have succeeded',
    steps: [
      create(job({ completions: 3, parallelism: 1 }, 'run')),
      finish('one succeeds', 'Succeeded', 0),
      ['it is deleted', async side => side.remove(`v1/pods/${await succeeded(side)}`)],
      finish('another', 'Succeeded', 0),
      patch('two at once', { parallelism: 2 }),
      finish('the rest', 'Succeeded', 0),
    ],
  },
]
