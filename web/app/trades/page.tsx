import type { Metadata } from 'next';
import { Trades } from './trades';

export const metadata: Metadata = { title: 'Trades' };
export default function Page() {
  return <Trades />;
}
