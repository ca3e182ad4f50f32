import type { Metadata } from 'next';
import { Authors } from './authors';

export const metadata: Metadata = { title: 'Authors' };
export default function Page() {
  return <Authors />;
}
