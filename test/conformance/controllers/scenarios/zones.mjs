// Zones in which some, most and all of the nodes fall silent.
const wait = ms => new Promise(resolve => setTimeout(resolve, ms))
const nodeName = (side, letter) => `${letter}-${side.namespace}`
const node = (side, letter) => `/api/v1/nodes/${nodeName(side, letter)}`
/** So long does it take until a node counts as silent, and what follows is done. */
const SILENCE_MS = 75_000

const nodes = letters => async side => {
  for (const letter of letters) {
    const labels = {
      'topology.kubernetes.io/zone': `zone-${side.namespace}`,
      'topology.kubernetes.io/region': 'here',
      only: side.namespace,
      letter,
    }
    await side.nodes.add(nodeName(side, letter), { labels })
  }
}
const unreachable = { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' }
const pods = letters => async side => {
  for (const letter of letters)
    for (const [name, more] of [
      ['soon', { tolerations: [{ ...unreachable, tolerationSeconds: 2 }] }],
      ['stays', { tolerations: [unreachable] }],
    ])
      await side.create('v1/pods', {
        metadata: { name: `${name}-${letter}` },
        spec: {
          ...{ terminationGracePeriodSeconds: 1, nodeSelector: { only: side.namespace, letter } },
          ...{ containers: [{ name: 'main', image: 'run' }], ...more },
        },
      })
}
/** What is told of the nodes, into the namespace. */
const copy = (letters, name) => async side => {
  const data = {}
  for (const letter of letters) {
    const { spec, status } = await side.get(node(side, letter))
    const taints = (spec.taints ?? []).map(({ key, effect }) => `${key}:${effect}`).sort()
    const { items } = await side.get('/api/v1/namespaces/default/events')
    const events = items
      .filter(({ involvedObject }) => involvedObject.name === nodeName(side, letter))
      .map(({ reason, message }) => `${reason}: ${message}`)
      .sort()
    data[letter] = JSON.stringify(
      { taints, ready: status.conditions.find(({ type }) => type === 'Ready').status, events },
      null,
      1,
    )
  }
  await side.create('v1/configmaps', { metadata: { name }, data })
}
const silence = (title, silent, all, name) => [
  title,
  async side => {
    for (const letter of silent) side.nodes.silence(nodeName(side, letter))
    await wait(SILENCE_MS)
    await copy(all, name)(side)
  },
  { mostMs: 100_000 },
]
const back = (title, letters, all, name) => [
  title,
  async side => {
    for (const letter of letters) await side.nodes.wake(nodeName(side, letter))
    await wait(12_000)
    await copy(all, name)(side)
  },
]

export const scenarios = [
  {
    name: 'a zone of which two of five nodes fall silent',
    steps: [
      ['nodes and pods', async side => (await nodes('abcde')(side), await wait(4_000), await pods('ab')(side))],
      silence('two are silent', ['a', 'b'], 'abc', 'two'),
      back('one is back', ['a'], 'abc', 'back'),
    ],
  },
  {
    name: 'a small zone of which most nodes fall silent',
    steps: [
      ['nodes and pods', async side => (await nodes('abcd')(side), await wait(4_000), await pods('abc')(side))],
      silence('three are silent', ['a', 'b', 'c'], 'abcd', 'three'),
      back('two are back', ['a', 'b'], 'abcd', 'back'),
    ],
  },
  {
    name: 'a zone of which all nodes fall silent',
    steps: [
      ['nodes and pods', async side => (await nodes('ab')(side), await wait(4_000), await pods('ab')(side))],
      silence('both are silent', ['a', 'b'], 'ab', 'both'),
      back('one is back', ['a'], 'ab', 'back'),
    ],
  },
  {
    name: 'nodes that say themselves that they are not ready, or nothing of themselves',
    steps: [
      ['nodes and pods', async side => (await nodes('abc')(side), await wait(4_000), await pods('ab')(side))],
      [
        'one is not ready, one does not know',
        async side => {
          for (const [letter, status] of [
            ['a', 'False'],
            ['b', 'Unknown'],
          ])
            await side.merge(`${node(side, letter)}/status`, {
              status: { conditions: [{ type: 'Ready', status, reason: 'Told', message: 'so' }] },
            })
          await wait(12_000)
          await copy('abc', 'told')(side)
        },
      ],
      [
        'the other way round',
        async side => {
          for (const [letter, status] of [
            ['a', 'Unknown'],
            ['b', 'False'],
          ])
            await side.merge(`${node(side, letter)}/status`, {
              status: { conditions: [{ type: 'Ready', status, reason: 'Told', message: 'so' }] },
            })
          await wait(12_000)
          await copy('abc', 'turned')(side)
        },
      ],
      back('both are ready', ['a', 'b'], 'abc', 'back'),
    ],
  },
]
