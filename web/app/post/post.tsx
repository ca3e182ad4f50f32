'use client';
// One post: what it says, how it was read, what each coin's score is made of, and its way through
// the program with the time of each step.

import { useSearchParams } from 'next/navigation';
import { coin, exact, int, percent } from '@/data/format';
import { useApi } from '@/data/query';
import { reason } from '@/data/reasons';
import type { TweetFull } from '@/data/types';
import { Badge, Facts, Time } from '@/ui/bits';
import { Card, Empty, Failed, Loading, PageTitle } from '@/ui/card';
import { Link } from '@/ui/link';
import { MentionList, ScoreParts } from '@/ui/parts';
import { AuthorLink } from '@/ui/post';
import { Trace } from '@/ui/trace';
import { useTarget, WeighedText, weighingNote, WordList } from '@/ui/words';
import { useThreshold } from '../overview';

export function Post() {
  const id = useSearchParams().get('id') ?? '';
  const q = useApi<TweetFull>(id ? `/api/tweet?id=${encodeURIComponent(id)}` : null, { every: 10_000, on: ['signal', 'trade', 'order'] });
  if (!id) return <Empty title="Which post?">This page takes its id in the address. <Link href="/posts" className="text-accent underline">All posts</Link></Empty>;
  const t = q.data;
  return (
    <>
      <PageTitle title={t?.username ? `Post of @${t.username}` : 'Post'}><Link href="/posts" className="text-sm text-accent hover:underline">All posts</Link></PageTitle>
      {!t ? <div className="rounded-xl border border-line bg-surface">{q.error ? <Failed q={q} /> : <Loading rows={8} />}</div> : <Body t={t} q={q} />}
    </>
  );
}

function Body({ t, q }: { t: TweetFull; q: ReturnType<typeof useApi<TweetFull>> }) {
  const threshold = useThreshold();
  const [target, choose] = useTarget(t.weighed);
  const note = weighingNote(t.weighed);
  return (
    <div className="grid items-start gap-4 xl:grid-cols-2 min-[120rem]:grid-cols-3">
      <div className="grid min-w-0 gap-4">
        <Card title="What it says" q={q} pad>
          <div data-post={t.id}>
            {t.deleted ? <p className="italic text-muted">This post was deleted; its text has left the store, and with it which words moved the score.</p> : <WeighedText t={t} target={target} />}
          </div>
          <div className="mt-3 flex flex-wrap gap-1.5">
            {t.label && <Badge>reads {t.label}</Badge>}
            {t.edited && <Badge>edited</Badge>}
            {t.missed && <Badge title="Fetched after a gap; never traded">missed</Badge>}
            {t.cues.map((c) => <Badge key={c}>{c.replaceAll('_', ' ').toLowerCase()}</Badge>)}
            {t.outcome && <Badge tone="warn" title={reason(t.outcome).long}>{reason(t.outcome).short}</Badge>}
          </div>
          {t.outcome && <p className="mt-2 text-sm">{reason(t.outcome).long}</p>}
        </Card>
        {!t.deleted && (
          <Card title="Which words moved it" aside={<span className="text-xs text-muted">{target ? `points towards ${coin(target)}` : 'points of the mood'}</span>}>
            {note && <p role="note" className="border-b border-line bg-warn-soft px-4 py-2 text-sm text-warn">{note}</p>}
            {t.weighed.state === 'weighed' && <WordList w={t.weighed} target={target} choose={choose} />}
          </Card>
        )}
        <Card title="About it" pad>
          <Facts rows={[
            ['Author', <span key="a" className="inline-flex flex-wrap gap-x-3"><AuthorLink t={t} />{t.username && <Link href={`/posts?author=${encodeURIComponent(t.username)}`} className="text-accent underline">their posts</Link>}</span>],
            ['Posted', <span key="p"><Time at={t.created_at} /> <span className="text-muted">{exact(t.created_at)}</span></span>],
            ['Received', <span key="r"><Time at={t.received_at} /> <span className="text-muted">{exact(t.received_at)}</span></span>],
            ['Source', `${t.source}, ${t.source_id ?? 'no id there'}`],
            ['Language', t.lang ?? 'not known'],
            t.ref_kind !== 'none' && [t.ref_kind, t.ref_id ? <Link key="f" href={`/post?id=${t.ref_id}`} className="underline">{t.ref_id}</Link> : 'of a post that is not here'],
            t.likes !== null && ['Echo', `${int(t.likes)} likes, ${int(t.reposts)} reposts, ${int(t.replies)} replies`],
            ['Read by', t.model ?? 'nothing yet'],
            t.probs && ['Mood', `negative ${percent(t.probs[0], 0)}, neutral ${percent(t.probs[1], 0)}, positive ${percent(t.probs[2], 0)}`],
            ['Id', <span key="i" className="font-mono text-xs">{t.id}</span>],
          ]} />
        </Card>
      </div>
      <div className="grid min-w-0 gap-4">
        {t.signals.map((s) => <Card key={s.id} title={`Why ${s.score}? The score, part by part`}><ScoreParts s={s} threshold={threshold} /></Card>)}
        {t.mentions.length > 0 && <Card title="Coins that it is about"><MentionList mentions={t.mentions} /></Card>}
        {t.misses.length > 0 && (
          <Card title="What was not taken for a coin" pad>
            <ul className="flex flex-wrap gap-1.5">{t.misses.map((m, i) => <li key={i}><Badge>{m.reason.toLowerCase().replaceAll('_', ' ')}</Badge></li>)}</ul>
          </Card>
        )}
        {t.signals.length === 0 && t.mentions.length === 0 && <Card title="Score"><Empty title="It has no score">{reason(t.outcome).long || 'It was not read yet.'}</Empty></Card>}
      </div>
      <Card title="Its way through the program" className="xl:max-[120rem]:col-span-2" empty={() => null}>
        {t.trace.length > 0 ? <Trace steps={t.trace} /> : <Empty title="No step is known" />}
      </Card>
    </div>
  );
}
