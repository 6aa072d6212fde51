// Whether packets of the nodes' tunnel arrive, from a host that is to join at the nodes, and from them at the host. Both
// sides send some all the time, so that neither has to wait for the other: the host by a program that every one has, nodes
// by their agents. Who hears them changes nothing on the host: it listens beside the kernel, before any firewall.
import { PassThrough } from 'node:stream'
import type { Client } from '../../../shared/client/client.ts'
import { type Arrivals, arrivalsPath } from '../../../shared/machinery/arrivals.ts'
import { type Clock, delay } from '../../../shared/machinery/clock.ts'
import { contains, parseIPv4 } from '../../../shared/machinery/ipv4.ts'
import type { SshConnection } from '../ssh/connection.ts'
import type { Sudo } from '../ssh/sudo.ts'
import type { ClusterFacts, Way } from './contract.ts'
import type { Facts } from './facts.ts'

interface WayNode {
  readonly name: string
  /** IPv4 */
  readonly address: string
}

/** Of many nodes so many are asked: what drops packets mostly drops those of all. */
const MOST_NODES = 8
const ANSWER_WITHIN_MS = 10_000

/**
 * Standard input: `port PORT`, `node ADDRESS`, each a line, then `go`; while it stays open after that, packets are sent and
 * heard. Output: `from=ADDRESS OWN-ADDRESS` by which the host sends there, then `ready=` with `hears` or nothing, `mute=yes`
 * where it cannot send, `heard=ADDRESS` of packets to the port here.
 */
const WAYS_SCRIPT = `
PATH="$PATH:/usr/sbin:/sbin:/usr/libexec"
has() { command -v "$1" >/dev/null 2>&1; }
set --
while read -r kind value; do case "$kind" in port) port=$value ;; node) set -- "$@" "$value" ;; go) break ;; esac; done
for to in "$@"; do printf 'from=%s %s\\n' "$to" "$(ip -4 route get "$to" 2>/dev/null | sed -n 's/.* src \\([^ ]*\\).*/\\1/p' | head -n1)"; done
hear_perl() { exec perl -e '
  $| = 1; alarm 20;
  if (!socket(S, 17, 2, unpack("S", pack("n", 2048)))) { print "ready=\\n"; exit }
  print "ready=hears\\n";
  while (defined sysread(S, $p, 256)) {
    next if length($p) < 28 || ord(substr($p, 9, 1)) != 17;
    next if unpack("n", substr($p, (ord($p) & 15) * 4 + 2, 2) . "\\0\\0") != $ARGV[0];
    $from = join ".", unpack "C4", substr($p, 12, 4);
    print "heard=$from\\n" unless $seen{$from}++;
  }' "$port"; }
hear_python() { exec "$python" -c '
import signal, socket, sys
signal.alarm(20)
try: s = socket.socket(17, 2, socket.htons(2048))
except OSError: sys.exit(print("ready="))
print("ready=hears", flush=True)
seen = set()
while True:
    p = s.recv(256)
    at = (p[0] & 15) * 4 + 2
    if len(p) < 28 or p[9] != 17 or int.from_bytes(p[at:at + 2], "big") != int(sys.argv[1]): continue
    heard = ".".join(str(byte) for byte in p[12:16])
    if heard not in seen: print("heard=" + heard, flush=True)
    seen.add(heard)
' "$port"; }
sending=
if has bash && bash -c ': > /dev/udp/127.0.0.1/9' 2>/dev/null; then
  { for turn in $(seq 100); do
    for to in "$@"; do bash -c 'printf "?" > "/dev/udp/$0/$1"' "$to" "$port" 2>/dev/null; done; sleep 0.1
  done; } &
  sending=$!
else echo mute=yes; fi
hearing=
for python in python3 platform-python ''; do has "$python" && break; done
if has perl; then hear_perl & hearing=$!; elif [ -n "$python" ]; then hear_python & hearing=$!; else echo ready=; fi
cat >/dev/null
kill $sending $hearing 2>/dev/null
wait
`

interface TryWaysOptions {
  readonly client: Pick<Client, 'raw'>
  readonly clock: Clock
  readonly ssh: Pick<SshConnection, 'run'>
  readonly sudo: Sudo
  /** UDP; of the tunnel. */
  readonly port: number
  readonly signal: AbortSignal
}

/** @returns whether pods of the host and of the node reach each other through a tunnel, rather than by a route */
export function isTunnelled(
  address: string,
  { subnet }: Pick<Facts, 'subnet'>,
  { networkBackend }: Pick<ClusterFacts, 'networkBackend'>,
): boolean {
  const parsed = parseIPv4(address)
  return networkBackend === 'wireguard' || !subnet || parsed === undefined || !contains(subnet, parsed)
}

/** @returns nodes of which no agent tells whether their pods are reached, those behind a tunnel first */
export function unknownWays(
  facts: Pick<Facts, 'tools' | 'subnet'>,
  cluster: Pick<ClusterFacts, 'nodes' | 'nodeName' | 'networkBackend'>,
): WayNode[] {
  const { nodes, nodeName } = cluster
  const isKnown = nodes.find(({ name }) => name === nodeName)?.relayed !== undefined
  if (isKnown || !facts.tools.has('ip')) return []
  const unknown = nodes.filter(
    ({ name, address, relayed }) => name !== nodeName && relayed !== undefined && parseIPv4(address) !== undefined,
  )
  const rank = ({ address }: WayNode) => (isTunnelled(address, facts, cluster) ? 0 : 1)
  return unknown.toSorted((a, b) => rank(a) - rank(b)).slice(0, MOST_NODES)
}

/** @returns by the nodes' names @throws SshError ConnectionLost, NoPrivileges */
export async function tryWays(
  { client, clock, ssh, sudo, port, signal }: TryWaysOptions,
  nodes: readonly WayNode[],
): Promise<ReadonlyMap<string, Way>> {
  const input = new PassThrough()
  input.write([`port ${port}`, ...nodes.map(({ address }) => `node ${address}`), 'go', ''].join('\n'))
  let said = ''
  let begin = () => {}
  const isReady = new Promise<void>(resolve => (begin = resolve))
  const onOutput = (text: string) => {
    said += text
    if (/^ready=.*\n/m.test(said)) begin()
  }
  const all = (key: string) => [...said.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value)
  const running = ssh.run(WAYS_SCRIPT, { sudo, signal, input, onOutput })
  const ask = async ({ name, address }: WayNode): Promise<boolean | undefined> => {
    const own = all('from')
      .find(line => line.startsWith(`${address} `))
      ?.slice(address.length + 1)
    if (own === undefined || parseIPv4(own) === undefined) return undefined
    const answer = client.raw('POST', arrivalsPath(name, own)) as Promise<Arrivals>
    const tooLate = delay(clock, ANSWER_WITHIN_MS, signal).then(() => undefined)
    return (await Promise.race([answer, tooLate]).catch(() => undefined))?.arrived
  }
  try {
    await Promise.race([isReady, running])
    const arrived = await Promise.all(nodes.map(ask))
    input.end()
    await running
    const [isMute, heard] = [all('mute').length > 0, new Set(all('heard'))]
    const hears = all('ready').includes('hears')
    return new Map(
      nodes.map(({ name, address }, i) => {
        const answer = arrived[i]
        const there = answer === true || (answer === false && !isMute) ? answer : undefined
        return [name, { there, back: answer === undefined || !hears ? undefined : heard.has(address) }]
      }),
    )
  } finally {
    input.end()
  }
}
