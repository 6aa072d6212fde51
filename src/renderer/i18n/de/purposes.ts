// What kinds are for.

export const purposes = {
  'A machine that runs pods.': 'Ein Rechner, auf dem Pods laufen.',
  'Containers that run together on one node and share an address.':
    'Container, die zusammen auf einem Node laufen und sich eine Adresse teilen.',
  'Keeps a number of equal pods running and replaces them step by step when something changes.':
    'Hält eine Anzahl gleicher Pods am Laufen und ersetzt sie Schritt für Schritt, wenn sich etwas ändert.',
  'Keeps pods that have each a name, an order and storage of their own.':
    'Hält Pods, die je einen eigenen Namen, Platz in der Reihe und Speicher haben.',
  'Runs one pod on every node, or on those that are chosen.':
    'Lässt auf jedem Node, oder auf ausgewählten, einen Pod laufen.',
  'Keeps a number of equal pods running; mostly made by a Deployment.':
    'Hält eine Anzahl gleicher Pods am Laufen; wird meist von einem Deployment angelegt.',
  'Runs pods until so many of them have done their work.':
    'Lässt Pods laufen, bis so viele von ihnen ihre Arbeit getan haben.',
  'Makes a Job again and again, by a schedule.': 'Legt nach einem Zeitplan immer wieder einen Job an.',
  'Keeps a number of equal pods running; what ReplicaSets were made after.':
    'Hält eine Anzahl gleicher Pods am Laufen; Vorläufer der ReplicaSets.',
  'Settings that pods read as files or as variables.': 'Einstellungen, die Pods als Dateien oder Variablen lesen.',
  'Passwords, keys and certificates that pods read as files or as variables.':
    'Passwörter, Schlüssel und Zertifikate, die Pods als Dateien oder Variablen lesen.',
  'Bounds what all objects of a namespace may use together.':
    'Begrenzt, was alle Objekte eines Namespaces zusammen brauchen dürfen.',
  'Bounds what each pod, container or claim of a namespace may ask for, and says what they get by default.':
    'Begrenzt, was jeder Pod, Container oder Claim eines Namespaces verlangen darf, und sagt, was sie sonst bekommen.',
  'Gives a workload more or fewer pods, by what they use.':
    'Gibt einem Workload mehr oder weniger Pods, je nachdem, was sie verbrauchen.',
  'Says how many pods have to stay when nodes are drained.':
    'Sagt, wie viele Pods bleiben müssen, wenn Nodes geräumt werden.',
  'Says which pods come first where there is not room for all.':
    'Sagt, welche Pods zuerst kommen, wenn nicht für alle Platz ist.',
  'Tells who leads, or that a node is alive.': 'Sagt, wer führt oder dass ein Node lebt.',
  'One address for pods, whichever of them are there.': 'Eine Adresse für Pods, welche auch immer gerade da sind.',
  'The addresses behind a Service, in the older form.': 'Die Adressen hinter einem Service, in der älteren Form.',
  'The addresses behind a Service.': 'Die Adressen hinter einem Service.',
  'Leads requests from outside to Services, by host and path.':
    'Leitet Anfragen von außen nach Host und Pfad an Services.',
  'Names the program that serves Ingresses.': 'Nennt das Programm, das Ingresses bedient.',
  'Says who may connect to pods, and where pods may connect to.':
    'Sagt, wer sich mit Pods verbinden darf und wohin Pods sich verbinden dürfen.',
  'Asks for storage that stays when pods come and go.': 'Verlangt Speicher, der bleibt, wenn Pods kommen und gehen.',
  'A piece of storage of the cluster, taken by a claim.': 'Ein Stück Speicher des Clusters, das ein Claim belegt.',
  'Says how storage is made for claims.': 'Sagt, wie Speicher für Claims angelegt wird.',
  'A part of the cluster with names, rights and bounds of its own.':
    'Ein Teil des Clusters mit eigenen Namen, Rechten und Grenzen.',
  'What happened lately, and to what.': 'Was zuletzt geschah, und womit.',
  'Who a pod is when it asks the API server.': 'Wer ein Pod ist, wenn er den API-Server fragt.',
  'A set of rights within a namespace.': 'Rechte innerhalb eines Namespaces.',
  'Gives the rights of a role to users, groups or service accounts within a namespace.':
    'Gibt Benutzern, Gruppen oder ServiceAccounts die Rechte einer Rolle innerhalb eines Namespaces.',
  'A set of rights that can be given in one namespace or in all of the cluster.':
    'Rechte, die in einem Namespace oder im ganzen Cluster vergeben werden können.',
  'Gives the rights of a role to users, groups or service accounts in all of the cluster.':
    'Gibt Benutzern, Gruppen oder ServiceAccounts die Rechte einer Rolle im ganzen Cluster.',
  'Teaches the cluster a kind of its own.': 'Bringt dem Cluster eine eigene Art von Objekten bei.',
} as const
