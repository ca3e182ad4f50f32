'use client';
import { useApi } from '@/data/query';
import { Card } from '@/ui/card';

export function Limits() {
  const q = useApi<unknown>('/api/limits', { every: 5000, on: ['trade', 'position', 'mode'] });
  return <Card title="Limits, and how much of each is used" q={q} pad>{(d) => <pre>{JSON.stringify(d, null, 1)}</pre>}</Card>;
}
