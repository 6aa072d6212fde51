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
      [
        'every minute, beside a Job of its own that runs',
        async side => {
          const late = cron({ schedule: '* * * * *', concurrencyPolicy: 'Replace', suspend: true }, 'run')
          const { metadata, kind = 'CronJob', apiVersion = 'batch/v1' } = await side.create(CRON, late)
          const ownerReferences = [
            { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: true },
          ]
          const { spec } = job({}, 'run')
          const running = await side.create(JOBS, { metadata: { name: 'tick-before', ownerReferences }, spec })
          const { name, namespace, uid } = running.metadata
          const active = [{ apiVersion: 'batch/v1', kind: 'Job', name, namespace, uid }]
          const lastScheduleTime = new Date(Date.now() - 300_000).toISOString().replace(/\.\d+Z/, 'Z')
          await side.merge(`${CRON}/tick/status`, { status: { lastScheduleTime, active } })
          await side.merge(`${CRON}/tick`, { spec: { suspend: false } })
          await new Promise(resolve => setTimeout(resolve, 5_000))
          await side.merge(`${CRON}/tick`, { spec: { suspend: true } })
        },
      ],
    ],
  },
]
