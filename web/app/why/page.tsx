import type { Metadata } from 'next';
import { WhyPage } from './why';

export const metadata: Metadata = { title: 'Why not?' };
export default function Page() {
  return <WhyPage />;
}
