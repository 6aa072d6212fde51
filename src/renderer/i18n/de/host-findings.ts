// What control planes find on hosts, why it matters, and what helps.
export const hostFindings = {
  'The host takes its time from the network: set the clock of this machine right, by turning on its own time synchronisation.':
    'Der Rechner bezieht seine Zeit aus dem Netz: Die Uhr dieses Computers richtig stellen, indem dessen eigene Zeitsynchronisation eingeschaltet wird.',
  "Its time service reaches no time server (UDP 123). Joining sets the clock once, to this machine's.":
    'Sein Zeitdienst erreicht keinen Zeitserver (UDP 123). Beim Aufnehmen wird die Uhr einmal auf die dieses Computers gestellt.',
  "Joining turns on time synchronisation; where that reaches no time server, it sets the clock once, to this machine's.":
    'Beim Aufnehmen wird die Zeitsynchronisation eingeschaltet; wo sie keinen Zeitserver erreicht, wird die Uhr einmal auf die dieses Computers gestellt.',
  "Joining sets the clock once, to this machine's, and installs a time service where packages can be had.":
    'Beim Aufnehmen wird die Uhr einmal auf die dieses Computers gestellt und, wo Pakete erhältlich sind, ein Zeitdienst installiert.',
  "The host's clock is {seconds} s ahead of this machine's.":
    'Die Uhr des Rechners geht gegenüber diesem Computer {seconds} s vor.',
  "The host's clock is {seconds} s behind this machine's.":
    'Die Uhr des Rechners geht gegenüber diesem Computer {seconds} s nach.',
  'Certificates are valid from a moment on: a clock that is far off makes a node refuse its own.':
    'Zertifikate gelten ab einem Zeitpunkt: Geht eine Uhr weit falsch, lehnt ein Node sein eigenes ab.',
  'Another Kubernetes runs on the host: {found}.': 'Auf dem Rechner läuft ein anderes Kubernetes: {found}.',
  'Another Kubernetes has been on the host: {found}.': 'Auf dem Rechner war ein anderes Kubernetes: {found}.',
  'Two kubelets would fight over addresses, rules and containers.':
    'Zwei Kubelets stritten um Adressen, Regeln und Container.',
  'Remove it first: kubeadm reset, k3s-agent-uninstall.sh, k0s reset, or snap remove microk8s.':
    'Es zuerst entfernen: kubeadm reset, k3s-agent-uninstall.sh, k0s reset oder snap remove microk8s.',
  'The host belongs to another Flotilla cluster, or to an earlier one that was reset.':
    'Der Rechner gehört zu einem anderen Flotilla-Cluster, oder zu einem früheren, der zurückgesetzt wurde.',
  'A machine can be a node of one cluster at a time.': 'Ein Rechner kann nur Node eines Clusters zugleich sein.',
  'Remove it there (flotilla node remove), or clean it on the host: sudo /opt/flotilla/bin/remove':
    'Ihn dort entfernen (flotilla node remove), oder auf dem Rechner aufräumen: sudo /opt/flotilla/bin/remove',
  'The agent is {current}; this control plane comes with {bundle}.':
    'Der Agent ist {current}; diese Control Plane bringt {bundle} mit.',
  'They work together, but what is new or mended in the agent is not there yet.':
    'Beide arbeiten zusammen, aber was im Agent neu oder behoben ist, fehlt dort noch.',
  'flotilla node upgrade, with the name of this host (node {node}); it goes back by itself if the node is not Ready then.':
    'flotilla node upgrade, mit dem Namen dieses Rechners (Node {node}); ist der Node danach nicht Ready, geht es von selbst zurück.',
  'The agent does not run.': 'Der Agent läuft nicht.',
  'The node is not Ready, and after some minutes its pods are replaced elsewhere.':
    'Der Node ist nicht Ready, und nach einigen Minuten werden seine Pods anderswo ersetzt.',
  'flotilla node repair, with the name of this host (node {node}); what it said last: flotilla node logs.':
    'flotilla node repair, mit dem Namen dieses Rechners (Node {node}); was er zuletzt sagte: flotilla node logs.',
  'The agent runs, and is not started when the host boots.':
    'Der Agent läuft, wird aber beim Systemstart nicht gestartet.',
  'After its next boot the host is no node.': 'Nach dem nächsten Systemstart ist der Rechner kein Node.',
  'flotilla node repair, with the name of this host (node {node}).':
    'flotilla node repair, mit dem Namen dieses Rechners (Node {node}).',
  "The command docker is Podman's.": 'Der Befehl docker stammt von Podman.',
  'The agent speaks to the Docker Engine, whose service keeps containers running; Podman has none that does.':
    'Der Agent spricht mit der Docker Engine, deren Dienst Container am Laufen hält; Podman hat keinen solchen.',
  'Remove the package podman-docker (Podman itself may stay), and add the host again: joining installs Docker beside Podman.':
    'Das Paket podman-docker entfernen (Podman selbst kann bleiben) und den Rechner erneut hinzufügen: Beim Aufnehmen wird Docker neben Podman installiert.',
  'Remove the package podman-docker (Podman itself may stay), install Docker as docs.docker.com/engine/install tells, and add the host again.':
    'Das Paket podman-docker entfernen (Podman selbst kann bleiben), Docker nach docs.docker.com/engine/install installieren und den Rechner erneut hinzufügen.',
  'Docker is not installed.': 'Docker ist nicht installiert.',
  'Pods run in containers of Docker.': 'Pods laufen in Containern von Docker.',
  'Joining installs it from the packages of the distribution.':
    'Beim Aufnehmen wird es aus den Paketen der Distribution installiert.',
  'Joining cannot install it on {os}: do so by hand, as docs.docker.com/engine/install tells, and add the host again.':
    'Auf {os} lässt es sich beim Aufnehmen nicht installieren: von Hand nach docs.docker.com/engine/install installieren und den Rechner erneut hinzufügen.',
  'Docker is installed but does not answer ({error}).': 'Docker ist installiert, antwortet aber nicht ({error}).',
  'Docker is installed but does not answer, and gives no reason.':
    'Docker ist installiert, antwortet aber nicht, ohne einen Grund zu nennen.',
  'Joining starts it: systemctl enable --now docker.':
    'Beim Aufnehmen wird es gestartet: systemctl enable --now docker.',
  'Docker is version {version}.': 'Docker hat Version {version}.',
  'The agent needs the Engine API 1.41, which came with Docker 20.10.':
    'Der Agent braucht die Engine API 1.41, die mit Docker 20.10 kam.',
  'Upgrade Docker.': 'Docker aktualisieren.',
  'Docker comes from a snap.': 'Docker stammt aus einem Snap.',
  'The snap keeps Docker from seeing folders of the host, which volumes need.':
    'Der Snap verbirgt vor Docker Ordner des Rechners, die Volumes brauchen.',
  'snap remove docker, then add the host again: joining installs the package of the distribution.':
    'snap remove docker, dann den Rechner erneut hinzufügen: Beim Aufnehmen wird das Paket der Distribution installiert.',
  "Docker's firewall backend is nftables.": 'Das Firewall-Backend von Docker ist nftables.',
  'Its tables drop what is forwarded to anything but its own containers, as pods are.':
    'Seine Tabellen verwerfen, was an anderes als die eigenen Container weitergeleitet wird, also auch an Pods.',
  'The agent opens what pods need, and only that, and closes it again when the host is removed.':
    'Der Agent öffnet, was Pods brauchen, und nur das, und schließt es wieder, wenn der Rechner entfernt wird.',
  'The Docker that answers is rootless.': 'Das Docker, das antwortet, läuft rootless.',
  'Its containers live in a network of their own, which pods of other nodes cannot reach.':
    'Seine Container leben in einem eigenen Netz, das Pods anderer Nodes nicht erreichen.',
  'Install the system-wide Docker beside it.': 'Das systemweite Docker daneben installieren.',
  'Nothing has to be done for pods, Services and their node ports: the agent opens that, and UDP {port} for the other nodes, and closes it again when the host is removed.':
    'Für Pods, Services und deren Node-Ports ist nichts zu tun: Das öffnet der Agent, dazu UDP {port} für die anderen Nodes, und schließt es wieder, wenn der Rechner entfernt wird.',
  '{firewall} is on.': '{firewall} ist eingeschaltet.',
  'It drops what comes from other nodes, and what is forwarded to pods.':
    'Sie verwirft, was von anderen Nodes kommt und was an Pods weitergeleitet wird.',
  'What listens on the host itself stays closed to others until you open it: 80 and 443 where it serves Ingresses or Gateways, and what pods with hostNetwork listen on ({example}).':
    'Was auf dem Rechner selbst lauscht, bleibt für andere geschlossen, bis es geöffnet wird: 80 und 443, wo er Ingresses oder Gateways bedient, und worauf Pods mit hostNetwork lauschen ({example}).',
  'A packet filter drops what no rule of it lets through ({chains}).':
    'Ein Paketfilter verwirft, was keine seiner Regeln durchlässt ({chains}).',
  'What comes from other nodes, and what is forwarded to pods, ends there.':
    'Was von anderen Nodes kommt und was an Pods weitergeleitet wird, endet dort.',
  'What listens on the host itself stays closed to others until you open it: 80 and 443 where it serves Ingresses or Gateways, and what pods with hostNetwork listen on, with a rule in that chain.':
    'Was auf dem Rechner selbst lauscht, bleibt für andere geschlossen, bis es mit einer Regel in dieser Chain geöffnet wird: 80 und 443, wo er Ingresses oder Gateways bedient, und worauf Pods mit hostNetwork lauschen.',
  'A packet filter drops what the host itself sends, unless a rule of it lets that through ({chains}).':
    'Ein Paketfilter verwirft, was der Rechner selbst sendet, wenn keine seiner Regeln es durchlässt ({chains}).',
  'What goes to other nodes and to pods of this one ends there. The agent opens the way in, never the way out.':
    'Was zu anderen Nodes und zu Pods dieses Nodes geht, endet dort. Der Agent öffnet den Weg hinein, nie den hinaus.',
  'Add rules to that chain that accept UDP {port} to the other nodes, everything to pods ({pods}), and what images and names need: TCP 443, and 53.':
    'In dieser Chain Regeln ergänzen, die UDP {port} zu den anderen Nodes erlauben, alles zu Pods ({pods}), und was Images und Namen brauchen: TCP 443 sowie 53.',
  'SELinux is enforcing.': 'SELinux ist im Modus enforcing.',
  'Containers may only read host folders that are labelled for them.':
    'Container dürfen nur Ordner des Rechners lesen, die für sie gekennzeichnet sind.',
  'Nothing has to be done for pods; hostPath volumes need "chcon -Rt container_file_t FOLDER".':
    'Für Pods ist nichts zu tun; hostPath-Volumes brauchen „chcon -Rt container_file_t ORDNER“.',
  'It is needed for pod links and routes.': 'Es wird für Netzwerkschnittstellen und Routen der Pods gebraucht.',
  'It is needed for Services.': 'Es wird für Services gebraucht.',
  'It is needed for the inside of pod networks.': 'Es wird für das Innere der Pod-Netze gebraucht.',
  'It is needed for moving UDP flows off endpoints that left.':
    'Es wird gebraucht, um UDP-Verkehr von Endpunkten zu lösen, die gegangen sind.',
  'It is needed for encrypted traffic between nodes.': 'Es wird für verschlüsselten Verkehr zwischen Nodes gebraucht.',
  '{tool} is missing.': '{tool} fehlt.',
  'Joining installs {package}.': 'Beim Aufnehmen wird {package} installiert.',
  'Install the package {package}.': 'Das Paket {package} installieren.',
  'The host has a route to {cidr} ({device}), which overlaps {ours}.':
    'Der Rechner hat eine Route nach {cidr} ({device}), die sich mit {ours} überschneidet.',
  'The host has a route to {cidr}, which overlaps {ours}.':
    'Der Rechner hat eine Route nach {cidr}, die sich mit {ours} überschneidet.',
  '{ours} are the addresses of pods: traffic to one of the two could go to the other.':
    '{ours} sind die Adressen der Pods: Verkehr zu einem der beiden könnte beim anderen landen.',
  '{ours} are the addresses of Services: traffic to one of the two could go to the other.':
    '{ours} sind die Adressen der Services: Verkehr zu einem der beiden könnte beim anderen landen.',
  'Renumber that network, or remove it if it is left over from another Kubernetes.':
    'Diesem Netz andere Adressen geben, oder es entfernen, wenn es von einem anderen Kubernetes übrig ist.',
  'UDP port {port} is taken on the host.': 'Der UDP-Port {port} ist auf dem Rechner belegt.',
  'VXLAN carries pods to nodes on other subnets over it.': 'Über ihn trägt VXLAN Pods zu Nodes in anderen Subnetzen.',
  'End what uses it, if nodes are on several subnets.':
    'Beenden, was ihn verwendet, falls Nodes in mehreren Subnetzen sind.',
  'WireGuard carries pods to all other nodes over it.': 'Über ihn trägt WireGuard Pods zu allen anderen Nodes.',
  'End what uses it.': 'Beenden, was ihn verwendet.',
  'Port {port} is taken on the host.': 'Port {port} ist auf dem Rechner belegt.',
  'The way to the API server would end there.': 'Dort endete der Weg zum API-Server.',
  'Another port is chosen by itself.': 'Es wird von selbst ein anderer Port gewählt.',
  'Monitoring asks a node for its figures there; logs and commands go another way.':
    'Dort fragt die Überwachung einen Node nach seinen Zahlen; Logs und Befehle gehen einen anderen Weg.',
  'End what uses it (ss -ltnp tells); the node joins without, and takes the port once it is free.':
    'Beenden, was ihn verwendet (ss -ltnp zeigt es); der Node wird auch ohne aufgenommen und nimmt den Port, sobald er frei ist.',
  'The host has no IPv4 address.': 'Der Rechner hat keine IPv4-Adresse.',
  'Nodes reach each other, and pods, over IPv4; IPv6 comes beside it, never alone.':
    'Nodes erreichen einander und Pods über IPv4; IPv6 kommt dazu, nie allein.',
  'Give it one in the network of the other nodes: a private one will do, the way in over SSH may stay IPv6.':
    'Ihm eine im Netz der anderen Nodes geben: eine private genügt, der Zugang über SSH kann IPv6 bleiben.',
  'The MTU of the way out is {mtu}.': 'Die MTU des Wegs nach außen ist {mtu}.',
  'Tunnels to other nodes take 50 bytes of it; small MTUs make transfers slow or stall.':
    'Tunnel zu anderen Nodes brauchen davon 50 Bytes; kleine MTUs machen Übertragungen langsam oder lassen sie stocken.',
  'Raise it to 1500 where the network allows it.': 'Sie auf 1500 erhöhen, wo das Netz es erlaubt.',
  'Proxy variables are set: {variables}.': 'Proxy-Variablen sind gesetzt: {variables}.',
  'Images are pulled by Docker, which does not read them; the agent talks to the API server directly.':
    'Images holt Docker, das sie nicht liest; der Agent spricht direkt mit dem API-Server.',
  'If images are only reachable through the proxy, set it in /etc/docker/daemon.json ("proxies").':
    'Sind Images nur über den Proxy erreichbar, ihn in /etc/docker/daemon.json eintragen („proxies“).',
  'sshd forbids forwarding (AllowTcpForwarding {setting}).':
    'sshd verbietet Weiterleitungen (AllowTcpForwarding {setting}).',
  'The way back to the API server normally is a forwarded port.':
    'Der Weg zurück zum API-Server ist sonst ein weitergeleiteter Port.',
  'Nothing has to be done: the same link runs over a program on the host instead.':
    'Nichts zu tun: Dieselbe Verbindung läuft stattdessen über ein Programm auf dem Rechner.',
  'The host does not reach the control plane by itself ({addresses}).':
    'Der Rechner erreicht die Control Plane nicht selbst ({addresses}).',
  'The only way between the two is the SSH connection from here. While that is down, as when this machine sleeps, pods run on, and nothing new reaches the node.':
    'Der einzige Weg zwischen beiden ist die SSH-Verbindung von hier. Fehlt sie, etwa weil dieser Computer schläft, laufen Pods weiter, und nichts Neues erreicht den Node.',
  'Nothing has to be done. For a control plane that is always there: flotilla control-plane move, to a server.':
    'Nichts zu tun. Für eine Control Plane, die immer da ist: flotilla control-plane move, auf einen Server.',
  'What the firewalls of the two hosts let in is opened by their agents; what they let out is not.':
    'Was die Firewalls der beiden Rechner einlassen, öffnen deren Agents; was sie hinauslassen, nicht.',
  'Pods of {node} and {other} reach each other over the control plane only: between {address} and {otherAddress} no direct way is open.':
    'Pods von {node} und {other} erreichen einander nur über die Control Plane: Zwischen {address} und {otherAddress} ist kein direkter Weg offen.',
  'It works, and is slower; while the control plane is away, they do not reach each other.':
    'Das geht, ist aber langsamer; ist die Control Plane fort, erreichen sie einander nicht.',
  'Let UDP {port} through between the two, both ways, in what is between them: a router, the security group of a cloud.':
    'UDP {port} zwischen beiden durchlassen, in beide Richtungen, in dem, was dazwischen liegt: einem Router, der Security Group einer Cloud.',
  'On one network also packets of pods ({pods}) as they are: clouds have a check of sources and destinations that drops them.':
    'In einem gemeinsamen Netz auch Pakete von Pods ({pods}), wie sie sind: Clouds prüfen Quelle und Ziel und verwerfen sie sonst.',
  'The firewalls of the two hosts are opened by their agents.': 'Die Firewalls der beiden Rechner öffnen deren Agents.',
  'UDP {port} from {from} to {to}, and from {to} to {from} does not arrive.':
    'UDP {port} von {from} nach {to} und von {to} nach {from} kommt nicht an.',
  'UDP {port} from {from} to {to} does not arrive.': 'UDP {port} von {from} nach {to} kommt nicht an.',
  "The two are on one network, where pods reach each other without a tunnel: what drops this drops pods' packets as well, most likely. Then they do so over the control plane only, which is slower, and not while that is away.":
    'Beide sind in einem Netz, wo Pods einander ohne Tunnel erreichen: Was dies verwirft, verwirft sehr wahrscheinlich auch Pakete von Pods. Dann geht es nur über die Control Plane, was langsamer ist, und nicht, während sie fort ist.',
  'Let everything through between the two, in what is between them: the security group of a cloud, a switch that keeps its ports apart.':
    'Zwischen beiden alles durchlassen, in dem, was dazwischen liegt: der Security Group einer Cloud, einem Switch, der seine Ports trennt.',
  'Packets of pods ({pods}) as well, with a check of sources and destinations off.':
    'Auch Pakete von Pods ({pods}), bei abgeschalteter Prüfung von Quelle und Ziel.',
  'Pods of the two nodes reach each other through a tunnel over it, both ways. Without it they do so over the control plane only, which is slower, and not while that is away.':
    'Pods der beiden Nodes erreichen einander durch einen Tunnel darüber, in beide Richtungen. Ohne ihn geht es nur über die Control Plane, was langsamer ist, und nicht, während sie fort ist.',
  'Let UDP {port} from {from} to {to}, and from {to} to {from} through in what is between them: a router, the security group of a cloud.':
    'UDP {port} von {from} nach {to} und von {to} nach {from} durchlassen, in dem, was dazwischen liegt: einem Router, der Security Group einer Cloud.',
  'Let UDP {port} from {from} to {to} through in what is between them: a router, the security group of a cloud.':
    'UDP {port} von {from} nach {to} durchlassen, in dem, was dazwischen liegt: einem Router, der Security Group einer Cloud.',
  'The node {other} ({address}) does not answer.': 'Der Node {other} ({address}) antwortet nicht.',
  'Where nothing else gets through either, pods of the two nodes reach each other over the control plane only, which is slower.':
    'Kommt auch sonst nichts durch, erreichen Pods der beiden Nodes einander nur über die Control Plane, was langsamer ist.',
  'Put both in one network, or open ICMP and UDP {port} between {address} and {otherAddress}, both ways.':
    'Beide in ein Netz bringen, oder ICMP und UDP {port} zwischen {address} und {otherAddress} öffnen, in beide Richtungen.',
  'The processor is {architecture}.': 'Der Prozessor ist {architecture}.',
  'The agent is built for amd64 and arm64.': 'Den Agent gibt es für amd64 und arm64.',
  'Use a 64-bit x86 or ARM machine.': 'Einen Rechner mit 64-Bit-x86 oder ARM verwenden.',
  'The kernel is {version}.': 'Der Kernel ist {version}.',
  'Services use nftables maps that kernels before 5.4 do not have.':
    'Services verwenden Maps von nftables, die Kernel vor 5.4 nicht haben.',
  'Upgrade the distribution to one with Linux 5.4 or newer.':
    'Die Distribution auf eine mit Linux 5.4 oder neuer aktualisieren.',
  'The C library is glibc {version}.': 'Die C-Bibliothek ist glibc {version}.',
  '{os} does not use glibc.': '{os} verwendet nicht glibc.',
  "The agent's runtime needs glibc 2.28 or newer; musl (Alpine) does not run it.":
    'Die Laufzeitumgebung des Agents braucht glibc 2.28 oder neuer; mit musl (Alpine) läuft sie nicht.',
  'Use Debian 10, Ubuntu 20.04, RHEL 8, Fedora, or newer.':
    'Debian 10, Ubuntu 20.04, RHEL 8, Fedora oder neuer verwenden.',
  'systemd does not run this host.': 'Auf diesem Rechner läuft kein systemd.',
  'The agent is a systemd service, so that it starts with the host and is started again when it fails.':
    'Der Agent ist ein systemd-Dienst, damit er mit dem Rechner startet und nach Fehlern neu gestartet wird.',
  'Use a distribution with systemd.': 'Eine Distribution mit systemd verwenden.',
  'The checks did not run as root.': 'Die Prüfungen liefen nicht als root.',
  'The agent makes network links and rules, which only root may.':
    'Der Agent legt Netzwerkschnittstellen und Regeln an, was nur root darf.',
  'Log in as root or as a user who may use sudo.': 'Als root anmelden, oder als Benutzer, der sudo verwenden darf.',
  'No control groups are mounted at /sys/fs/cgroup.': 'Unter /sys/fs/cgroup sind keine Control Groups eingehängt.',
  'Docker cannot start containers without them.': 'Ohne sie kann Docker keine Container starten.',
  'Boot with systemd, which mounts them, or use a kernel that has them.':
    'Mit systemd starten, das sie einhängt, oder einen Kernel verwenden, der sie hat.',
  'The kernel does not limit {controllers}: these control groups are off.':
    'Der Kernel begrenzt {controllers} nicht: Diese Control Groups sind aus.',
  'Limits of pods have no effect there: one pod can take everything from the others and the host.':
    'Limits von Pods wirken dort nicht: Ein Pod kann den anderen und dem Rechner alles nehmen.',
  'Add "cgroup_enable=memory cgroup_memory=1" to the kernel\'s parameters (Raspberry Pi: /boot/firmware/cmdline.txt), and reboot.':
    '„cgroup_enable=memory cgroup_memory=1“ an die Parameter des Kernels anfügen (Raspberry Pi: /boot/firmware/cmdline.txt) und neu starten.',
  'Use a kernel that has them; the ones of distributions do.':
    'Einen Kernel verwenden, der sie hat; die der Distributionen haben sie.',
  'The host uses control groups of version 1.': 'Der Rechner verwendet Control Groups der Version 1.',
  'Limits work, but the pressure on processors, memory and disks is not told; newer releases of systemd have only version 2.':
    'Limits wirken, aber der Druck auf Prozessoren, Speicher und Platten wird nicht gemeldet; neuere Versionen von systemd kennen nur Version 2.',
  'Nothing has to be done. To change it: boot with systemd.unified_cgroup_hierarchy=1.':
    'Nichts zu tun. Zum Ändern: mit systemd.unified_cgroup_hierarchy=1 starten.',
  'AppArmor is on, and the program that loads its profiles (apparmor_parser) is missing.':
    'AppArmor ist an, und das Programm, das seine Profile lädt (apparmor_parser), fehlt.',
  'Docker runs containers without its AppArmor profile then, and pods that ask for one do not get it.':
    'Docker startet Container dann ohne sein AppArmor-Profil, und Pods, die eines verlangen, erhalten es nicht.',
  'Install the package apparmor, and restart Docker.': 'Das Paket apparmor installieren und Docker neu starten.',
  '{path} has {free} GiB free, and {needed} GiB are needed.': '{path} hat {free} GiB frei; nötig sind {needed} GiB.',
  'The agent and the images of pods are kept there.': 'Dort liegen der Agent und die Images der Pods.',
  'Free some space, for instance with "docker system prune" or "journalctl --vacuum-size=200M".':
    'Platz schaffen, zum Beispiel mit „docker system prune“ oder „journalctl --vacuum-size=200M“.',
  'The host has {memory} GiB of memory.': 'Der Rechner hat {memory} GiB Arbeitsspeicher.',
  'Docker and the agent take about 200 MiB: little is left for pods.':
    'Docker und der Agent brauchen etwa 200 MiB: Für Pods bleibt wenig.',
  'Give the machine 1 GiB or more.': 'Dem Rechner 1 GiB oder mehr geben.',
  'Swap is on.': 'Swap ist an.',
  'Pods may be slowed down by swapping instead of being ended; nothing else depends on it.':
    'Pods können durch Auslagern langsamer werden, statt beendet zu werden; sonst hängt nichts davon ab.',
  'Nothing has to be done. To turn it off: swapoff -a, and take swap out of /etc/fstab.':
    'Nichts zu tun. Zum Ausschalten: swapoff -a, und Swap aus /etc/fstab nehmen.',
  'The host {other} has the same machine-id ({id}).': 'Der Rechner {other} hat dieselbe machine-id ({id}).',
  'Either it is the same machine, added twice, or one was cloned from the other.':
    'Entweder ist es derselbe Rechner, zweimal hinzugefügt, oder einer ist vom anderen geklont.',
  'If it is the same: flotilla node remove --forget with the name of this one.':
    'Ist es derselbe: flotilla node remove --forget mit dem Namen von diesem.',
  'If it is another machine: rm /etc/machine-id && systemd-machine-id-setup, then reboot it.':
    'Ist es ein anderer: rm /etc/machine-id && systemd-machine-id-setup, dann ihn neu starten.',
  'The node {other} has the same machine-id ({id}).': 'Der Node {other} hat dieselbe machine-id ({id}).',
  'Either it is the same machine, or one was cloned from the other; cloned ids mix up logs and leases.':
    'Entweder ist es derselbe Rechner, oder einer ist vom anderen geklont; geklonte Ids bringen Logs und Leases durcheinander.',
  'The host {other} is the node {node}, or becomes it.': 'Der Rechner {other} ist der Node {node} oder wird es.',
  'Another machine is already the node {node}.': 'Ein anderer Rechner ist schon der Node {node}.',
  'Nodes are told apart by name.': 'Nodes werden am Namen unterschieden.',
  'Add this one again with another name (flotilla node add … --node-name NAME; in the window node-name=NAME behind its address), or rename the host ({hostname}).':
    'Diesen mit einem anderen Namen erneut hinzufügen (flotilla node add … --node-name NAME; im Fenster node-name=NAME nach der Adresse), oder den Rechner umbenennen ({hostname}).',
} as const
